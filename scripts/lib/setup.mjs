// What both commands need: dependencies, the build, the native binding. Each part does nothing when there is nothing to do.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root, run, step } from './steps.mjs';

const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
const [major, minor] = process.versions.node.split('.').map(Number);

// turbo looks for the package manager on the path, where npm puts it but a plain `node scripts/start.mjs` does not.
const bin = path.join(root, 'node_modules/.bin');
const quiet = {
  PATH: `${bin}${path.delimiter}${process.env.PATH}`,
  TURBO_TELEMETRY_DISABLED: '1',
  DO_NOT_TRACK: '1',
  ONNXRUNTIME_NODE_INSTALL: 'skip',
  CI: '1',
};

export async function setUp() {
  if (major < 20 || (major === 20 && minor < 19)) {
    throw new Error(`Node ${process.versions.node} is too old: isoloss needs ${manifest.engines.node}`);
  }
  await installDependencies();
  await step('building the packages', async () => {
    const log = await run(path.join(root, 'node_modules/.bin/turbo'), ['run', 'build', '--output-logs=errors-only'], {
      env: quiet,
    });
    return /FULL TURBO/.test(log) ? 'nothing changed' : '';
  });
  // Without it everything but the backend tfjs-node works, so a failure is shown and passed over.
  await run(process.execPath, [path.join(root, 'packages/cli/bin/isoloss.js'), 'setup', 'tfjs-node'], {
    show: true,
  }).catch((error) => {
    process.stderr.write(`  tfjs-node is left out (${error.message}); every other backend works\n`);
  });
}

/** Installs with the pinned pnpm when the lock file or a manifest is not what was installed last. */
async function installDependencies() {
  const stamp = path.join(root, 'node_modules/.isoloss-installed');
  const wanted = createHash('sha256');
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json'])
    wanted.update(readFileSync(path.join(root, file)));
  const key = wanted.digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === key) return;
  await step('installing the dependencies', async () => {
    const own = path.join(root, 'node_modules/pnpm/bin/pnpm.cjs');
    const install = ['install', '--frozen-lockfile', '--prefer-offline'];
    if (existsSync(own)) await run(process.execPath, [own, ...install], { env: quiet });
    else await run('npx', ['--yes', manifest.packageManager, ...install], { env: quiet });
    writeFileSync(stamp, key);
  });
}
