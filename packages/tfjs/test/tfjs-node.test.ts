import { randomUUID } from 'node:crypto';
import { realpathSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from '../src/node/run.ts';
import { tfjsNodeStatus } from '../src/node/status.ts';
import { removeTemporary, temporary } from './tfjs-node-fixtures.ts';

// With the real TensorFlow, which `npm test` has set up; each in a process of its own, as a user's program would be.
const packageFolder = dirname(dirname(fileURLToPath(import.meta.url)));
let compiled: string;

beforeAll(async () => {
  // Node 20 can't run the sources.
  compiled = temporary();
  writeFileSync(join(compiled, 'package.json'), '{ "type": "module" }');
  const sources = join(packageFolder, 'src', 'node');
  const project = join(compiled, 'tsconfig.json');
  writeFileSync(
    project,
    JSON.stringify({
      extends: join(packageFolder, 'tsconfig.json'),
      compilerOptions: {
        rootDir: sources,
        outDir: compiled,
        incremental: false,
        tsBuildInfoFile: null,
        declaration: false,
        declarationMap: false,
        typeRoots: [join(packageFolder, '..', '..', 'node_modules', '@types')],
      },
      files: [join(sources, 'index.ts')],
      include: [],
    }),
  );
  const typescript = createRequire(import.meta.url).resolve('typescript/package.json');
  const { code, stdout } = await run(process.execPath, [join(dirname(typescript), 'bin', 'tsc'), '-p', project]);
  expect(stdout).toBe('');
  expect(code).toBe(0);
});
afterAll(removeTemporary);

/** Runs a module that has `loadTfjsNode`, in this package's folder if nothing else is said. */
function inChild(program: string, set: NodeJS.ProcessEnv = {}, cwd = packageFolder) {
  const env: NodeJS.ProcessEnv = { ...process.env };
  // Of these, the last is how the shells of a package manager make every package visible to the tests.
  for (const name of ['TF_CPP_MIN_LOG_LEVEL', 'TF_ENABLE_ONEDNN_OPTS', 'NODE_OPTIONS', 'NODE_PATH']) delete env[name];
  const file = join(compiled, `program-${randomUUID()}.js`);
  writeFileSync(file, `import { loadTfjsNode } from './index.js';\n${program}`);
  return run(process.execPath, [file], { cwd, env: { ...env, ...set } });
}

test('the status is found in a child process, and names the versions', async () => {
  const status = await tfjsNodeStatus({ cacheDirectory: temporary() });
  expect(status, 'run `npm start` or `isoloss setup tfjs-node` first').toMatchObject({
    available: true,
    version: '4.22.0',
  });
  if (status.available) expect(status.tensorflow).toMatch(/^2\.\d+\.\d+/);
});

test('it loads and trains without a word on the terminal', async () => {
  const { code, stdout, stderr } = await inChild(`
    const tf = await loadTfjsNode();
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [2] })] });
    model.compile({ loss: 'meanSquaredError', optimizer: 'sgd' });
    await model.fit(tf.ones([4, 2]), tf.ones([4, 1]), { epochs: 1, verbose: 0 });
    const gradient = tf.grad((x) => x.square().sum())(tf.tensor1d([1, 2])).dataSync();
    if (tf.getBackend() !== 'tensorflow' || gradient[1] !== 4) process.exitCode = 1;
    if (tf !== (await loadTfjsNode())) process.exitCode = 2;`);
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: '' });
});

test('it works where Node has removed the old util functions', async () => {
  const asInNode23 = `import util from 'node:util'; delete util.isNullOrUndefined; delete util.isArray;`;
  const use = `console.log(tf.topk(tf.tensor1d([1, 3, 2]), 2).values.dataSync().join());`;
  const status = await tfjsNodeStatus();
  const directory = status.available ? JSON.stringify(realpathSync(status.directory)) : "''";
  const plain = await inChild(`${asInNode23} import { createRequire } from 'node:module';
    const tf = createRequire(import.meta.url)(${directory}); ${use}`);
  expect(plain.stderr).toContain('is not a function');
  const ours = await inChild(`${asInNode23} const tf = await loadTfjsNode(); ${use}`);
  expect(ours).toMatchObject({ code: 0, stdout: '3,2\n', stderr: '' });
});

test('what the user has set is left alone', async () => {
  const program = `await loadTfjsNode();
    console.log(process.env.TF_CPP_MIN_LOG_LEVEL, process.env.TF_ENABLE_ONEDNN_OPTS);`;
  expect((await inChild(program)).stdout).toBe('3 0\n');
  const chosen = await inChild(program, { TF_CPP_MIN_LOG_LEVEL: '0', TF_ENABLE_ONEDNN_OPTS: '1' });
  expect(chosen.stdout).toBe('0 1\n');
});

test('where the package is not installed, the error says what to do', async () => {
  const { stdout } = await inChild(
    `const { name, message, reason, remedy } = await loadTfjsNode().catch((error) => error);
    console.log(JSON.stringify({ name, message, reason, remedy }));`,
    {},
    compiled,
  );
  const reason = 'the package @tensorflow/tfjs-node is not installed';
  const remedy = 'npm install @tensorflow/tfjs-node@4.22.0, then isoloss setup tfjs-node';
  const message = `tfjs-node is not available: ${reason}; to mend it: ${remedy}`;
  expect(JSON.parse(stdout)).toEqual({ name: 'TfjsNodeUnavailableError', message, reason, remedy });
});
