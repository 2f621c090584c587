/**
 * What we publish, as a stranger gets it: a release and the one after it are made in a copy of this tree, published to a
 * registry on loopback, and used in folders outside the repository, with install scripts blocked.
 *
 * The tests build on one another, in this order. Everything else that is installed comes from the registry that npm is set
 * to here.
 */
import { cpSync, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { catalogue } from '@isoloss/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { publicPackages } from '../../scripts/lib/packages.mjs';
import { appNames, copyApp } from './lib/apps.ts';
import { canHaveOtherNodes, type NodeVersion, nodeVersions } from './lib/nodes.ts';
import { type Registry, startRegistry, upstreamProblem } from './lib/registry.ts';
import { note, Sandbox } from './lib/sandbox.ts';
import { compilers, installCompilers, resolutions, typeErrors } from './lib/types.ts';
import { pnpm, root, Workspace } from './lib/workspace.ts';

const unreachable = await upstreamProblem();
if (unreachable !== undefined) {
  // Without a registry nothing can be installed; in CI that is a failure, at a desk a journey by train.
  if (process.env.CI) throw new Error(`the end-to-end test needs the registry that npm is set to: ${unreachable}`);
  note(`left out, since the registry can't be reached: ${unreachable}`);
}

const windows = process.platform === 'win32';
if (windows) note('left out on Windows, where npm and pnpm are not programs but scripts of a shell');

const minutes = 60_000;
const names = publicPackages(root).map(({ name }) => name);
/** What a user of every package asks for, runtimes with them. */
const wanted = (tag = '') => [
  ...names.filter((name) => !name.startsWith('create-')).map((name) => `${name}${tag}`),
  '@tensorflow/tfjs-core@4',
  '@tensorflow/tfjs-backend-cpu@4',
  'onnxruntime-node@1',
];
const programs = path.join(import.meta.dirname, 'consumer');

describe.skipIf(windows || unreachable !== undefined)('published packages', () => {
  const sandbox = new Sandbox();
  let registry: Registry;
  let workspace: Workspace;
  let nodes: NodeVersion[];
  /** The folder of the user of npm. */
  let user: string;
  let [first, second] = ['', ''];

  beforeAll(async () => {
    registry = await startRegistry(sandbox.path('registry'), [...names, 'my-loss']);
    sandbox.useRegistry(registry.url);
    note(`registry at ${registry.url}`);
    workspace = await Workspace.copy(sandbox);
    note('copied the workspace');
  }, 5 * minutes);

  afterAll(async () => {
    await registry?.stop();
    await sandbox.close();
    note('everything is ended and removed');
  }, 10 * minutes);

  let missing: string | undefined;
  /** A test that says at once how it went: the framework does so only when the last one is done. */
  const step = (name: string, act: () => Promise<void>, { essential = false } = {}): void =>
    test(
      name,
      async () => {
        if (missing !== undefined) throw new Error(`not tried, since this failed: ${missing}`);
        const start = Date.now();
        const took = () => `${((Date.now() - start) / 1000).toFixed(0)} s`;
        try {
          await act();
          note(`✔ ${name} (${took()})`);
        } catch (error) {
          if (essential) missing = name;
          note(`✘ ${name} (${took()})\n${error}\nthe end of the registry’s log:\n${registry.log()}`);
          throw error;
        }
      },
      10 * minutes,
    );

  step(
    'a release is made and published',
    async () => {
      first = await workspace.version('minor');
      const unpublished = () => workspace.npm('run', '--silent', 'release', '--', '--unpublished');
      expect((await unpublished()).stdout).toBe('true\n');
      const dry = await workspace.release('--dry-run', 'certify', 'pack', 'publish');
      for (const name of names) expect(dry).toContain(`${name}@${first} would be published\n`);
      const real = await workspace.release('publish');
      for (const name of names) expect(real).toContain(`${name}@${first} published\n`);
      expect((await unpublished()).stdout).toBe('false\n');
      expect(first).toMatch(/^\d+\.\d+\.0$/);
      const { stdout } = await sandbox.run('npm', ['view', 'isoloss', '--json'], { cwd: sandbox.folder });
      const published = JSON.parse(stdout);
      expect(published.version).toBe(first);
      expect(published.dependencies['@isoloss/core']).toBe(first);
      expect(workspace.read('packages/cli/CHANGELOG.md')).toContain(`## ${first}\n\n### Minor Changes\n\n`);
    },
    { essential: true },
  );

  step(
    'npm installs it, with no warning',
    async () => {
      user = sandbox.project('npm-user');
      const { stdout, stderr, seconds } = await sandbox.run('npm', ['install', ...wanted()], {
        cwd: user,
        timeout: 600,
      });
      expect(stderr).not.toMatch(/warn|deprecated/i);
      note(`npm: ${stdout.trim().split('\n')[0]}, ${seconds.toFixed(0)} s, ${await size(user)}`);
      cpSync(programs, user, { recursive: true });
    },
    { essential: true },
  );

  step(
    'the next release is made and published, and the same program runs after the upgrade',
    async () => {
      const program = async () =>
        (await sandbox.run(process.execPath, ['program.mjs'], { cwd: user })).stdout.split('\n');
      const [releaseBefore, ...numbersBefore] = await program();
      expect(releaseBefore).toBe(first);
      second = await workspace.version('patch');
      await workspace.release('certify', 'pack', 'publish');
      expect(second).not.toBe(first);
      await sandbox.run('npm', ['install', ...wanted('@latest')], { cwd: user });
      const [release, ...numbers] = await program();
      expect(release).toBe(second);
      expect(numbers).toEqual(numbersBefore);
      expect(numbers).toContain('tfjs 0.250000 0.500000');
      const changes = readFileSync(path.join(user, 'node_modules/isoloss/CHANGELOG.md'), 'utf8');
      expect(changes).toContain(`## ${second}\n\n### Patch Changes\n\n- A release of the end-to-end test.\n`);
      for (const name of names.filter((one) => existsSync(path.join(user, 'node_modules', one))))
        expect(JSON.parse(readFileSync(path.join(user, 'node_modules', name, 'package.json'), 'utf8')).version).toBe(
          second,
        );
    },
    { essential: true },
  );

  step('publishing it again publishes nothing, and a release of a rehearsal is refused', async () => {
    expect((await workspace.release('publish')).match(/is there already/g)).toHaveLength(names.length);
    await expect(workspace.npm('run', 'release', '--', 'publish')).rejects.toThrow(
      '@isoloss/wasm: conformance.json is not of every loss',
    );
  });

  step('pnpm installs it, with no warning, and the program runs', async () => {
    const folder = sandbox.project('pnpm-user');
    const { stdout, stderr, seconds } = await sandbox.run(process.execPath, [pnpm, 'add', ...wanted()], {
      cwd: folder,
      timeout: 600,
    });
    expect(`${stdout}${stderr}`).not.toMatch(/warn|deprecated|unmet peer|issues with peer/i);
    note(`pnpm: ${seconds.toFixed(0)} s, ${await size(folder)}`);
    cpSync(path.join(programs, 'program.mjs'), path.join(folder, 'program.mjs'));
    const ran = await sandbox.run(process.execPath, ['program.mjs'], { cwd: folder });
    expect(ran.stdout.split('\n')[0]).toBe(second);
    const doctor = await sandbox.run(process.execPath, [pnpm, 'exec', 'isoloss', 'doctor'], { cwd: folder });
    expect(doctor.stdout).toContain('5 work, 1 unfinished');
  });

  step('users in TypeScript have no error in our declarations', async () => {
    // Of the types of Node, which a program for Node has.
    await sandbox.run('npm', ['install', '--save-dev', '@types/node@20'], { cwd: user });
    await installCompilers(sandbox);
    for (const compiler of compilers)
      await Promise.all(
        resolutions.map(async (resolution) => {
          const common = { folder: user, compiler, resolution };
          const what = `TypeScript ${compiler}, ${resolution}`;
          expect(await typeErrors(sandbox, { ...common, file: 'types.ts', types: ['node'] }), what).toEqual([]);
          expect(await typeErrors(sandbox, { ...common, file: 'plain.ts', types: [] }), what).toEqual([]);
        }),
      );
    const wrong = { folder: user, file: 'wrong.ts', types: [], compiler: '7', resolution: 'nodenext' } as const;
    expect((await typeErrors(sandbox, wrong)).join()).toMatch(/wrong\.ts\(\d+,\d+\): error TS\d+: .*detla/);
  });

  step('Node 22 and 24 are there', async () => {
    nodes = await nodeVersions(sandbox);
    if (!canHaveOtherNodes) note(`left out on ${process.platform} ${process.arch}: other versions of Node`);
    expect(nodes).toHaveLength(canHaveOtherNodes ? 3 : 1);
  });

  step('a vector of every loss holds on every backend, by import and by require, on every Node', async () => {
    for (const { name, binary } of nodes) {
      const runs = ['vectors.mjs', 'vectors.cjs'].map((file) => sandbox.run(binary, [file], { cwd: user }));
      const [imported, required] = (await Promise.all(runs)).map(({ stdout }) =>
        JSON.parse(stdout.trim().split('\n').at(-1)!),
      );
      for (const result of [imported, required]) {
        note(`${name}: ${result.passed} of ${result.cells} passed, at worst ${result.worst.toFixed(2)} of the bound`);
        expect(result.losses).toBe(catalogue.size);
        expect(result.backends).toEqual(['reference', 'wasm', 'onnx-node', 'tfjs-cpu']);
        expect(result.passed).toBe(result.cells);
      }
      // float32, and where there is one float64: TensorFlow.js has none. By require it is once more the same code.
      expect([imported.cells, required.cells]).toEqual([7 * catalogue.size, 4 * catalogue.size]);
    }
  });

  step('the command runs by npx, on every Node', async () => {
    // Beside one another, as they are short.
    await Promise.all(nodes.map(tryCommand));
  });

  for (const name of appNames(root))
    step(`apps/${name} runs from a copy of its folder`, async () => {
      const folder = sandbox.path('apps', name);
      copyApp({ root: workspace.folder, name, to: folder, release: second });
      // By pnpm, which links what it has, and shows an example nothing that its manifest does not name.
      await sandbox.run(process.execPath, [pnpm, 'install', '--no-frozen-lockfile'], { cwd: folder, timeout: 600 });
      const { stdout, stderr, seconds } = await sandbox.run('npm', ['start'], { cwd: folder, timeout: 600 });
      note(`apps/${name}: npm start took ${seconds.toFixed(0)} s`);
      for (const line of `${stdout}${stderr}`.split('\n').filter((text) => /left out|skipped/i.test(text)))
        note(`apps/${name} says: ${line}`);
    });

  step('a loss of one’s own is created, tested, published, installed by others and found by the command', async () => {
    await sandbox.run('npm', ['create', 'isoloss@latest', 'my-loss'], { cwd: sandbox.folder });
    const own = sandbox.path('my-loss');
    await sandbox.run('npm', ['install'], { cwd: own, timeout: 600 });
    const { stdout, seconds } = await sandbox.run('npm', ['test'], { cwd: own });
    note(`my-loss: npm test took ${seconds.toFixed(0)} s`);
    expect(stdout).toMatch(/^. fail 0$/m);
    expect(Number(/^. pass (\d+)$/m.exec(stdout)?.[1])).toBeGreaterThan(3);
    await sandbox.run('npm', ['publish'], { cwd: own });

    await sandbox.run('npm', ['install', 'my-loss'], { cwd: user });
    const isoloss = async (...args: string[]) =>
      (await sandbox.run('npx', ['isoloss', ...args, '--package', 'my-loss'], { cwd: user })).stdout;
    const listed: { id: string }[] = JSON.parse(await isoloss('list', '--json'));
    expect(listed.map(({ id }) => id)).toContain('myLoss');
    const args = ['--input', '[1,3]', '--target', '[0,0]', '--backend', 'onnx-node', '--json'];
    expect(JSON.parse(await isoloss('eval', 'myLoss', ...args))).toMatchObject({
      loss: 'myLoss',
      backend: 'onnx-node',
    });
    expect(await isoloss('conformance', '--backend', 'wasm,onnx-node')).toContain('PASS');
  });

  async function tryCommand({ env }: NodeVersion): Promise<void> {
    const isoloss = async (...args: string[]) =>
      (await sandbox.run('npx', ['isoloss', ...args], { cwd: user, env })).stdout;
    expect((await isoloss('--version')).trim()).toBe(second);
    expect(JSON.parse(await isoloss('list', '--json'))).toHaveLength(catalogue.size);
    const value = JSON.parse(await isoloss('eval', 'huber', '--input', '[1,5]', '--target', '[0,1]', '--json'));
    expect(value.value.data).toEqual([2]);
    const { backends } = JSON.parse(await isoloss('doctor', '--json'));
    expect(backends.filter(({ status }: { status: string }) => status === 'works')).toHaveLength(5);
    for (const { id, certificate } of backends)
      if (id === 'wasm' || id === 'onnx-node')
        expect(certificate).toMatchObject({ release: second, losses: 1, sameRuntime: true, complete: false });
    expect(await isoloss('conformance', '--loss', 'huber', '--backend', 'wasm,onnx-node,tfjs-cpu')).toContain('PASS');
  }

  const size = async (folder: string): Promise<string> =>
    `${(await sandbox.run('du', ['-sm', 'node_modules'], { cwd: folder })).stdout.split('\t')[0]} MB in node_modules`;
});
