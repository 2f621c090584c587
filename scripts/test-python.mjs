// npm run test:python: the oracle's own tests, that it still gives every committed vector, checked against the libraries,
// the example that runs on a Ray cluster, and the libraries as implementations of the protocol.
import path from 'node:path';
import { disagreements } from './disagreements.mjs';
import { golden, oracle, python } from './lib/python.mjs';
import { root, run, step } from './lib/steps.mjs';

/** apps/shards past one machine. */
async function cluster() {
  const cwd = path.join(root, 'apps/shards');
  const interpreter = await python(path.join(cwd, 'ray/requirements.txt'), '0.6 GB');
  await step('apps/shards: its data', async () => {
    for (const script of ['generate.mjs', 'mean.mjs']) await run(process.execPath, [script], { cwd });
    const model = ['--rank', 'input=2,target=1,weight=1', '--labels', 'int32', '-o', 'out/partial.onnx'];
    const command = path.join(root, 'packages/cli/bin/isoloss.js');
    await run(process.execPath, [command, 'export', 'crossEntropy', '--reduction', 'partial', ...model], { cwd });
  });
  for (const script of ['to_parquet.py', 'one_process.py', 'cluster.py'])
    await run(interpreter, [path.join('ray', script)], { cwd, show: true });
}

try {
  const interpreter = await python();
  await run(interpreter, ['-m', 'unittest', 'discover', '-s', 'tests'], { show: true, cwd: oracle });
  // What people start from: its vectors come ready-made, and must be what its oracle gives.
  await run(interpreter, ['-m', 'isoloss_oracle', 'oracle/my_loss.py', '--vectors', 'vectors', '--check'], {
    show: true,
    cwd: path.join(root, 'packages/create-isoloss/template'),
    env: { PYTHONPATH: oracle },
  });
  await run(interpreter, ['generate.py', '--check', '--jobs', '2', ...process.argv.slice(2)], {
    show: true,
    cwd: golden,
  });
  await cluster();
  await disagreements();
} catch (error) {
  if (error.log) console.error(error.log);
  console.error(error.message);
  process.exitCode = 1;
}
