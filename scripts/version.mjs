// npm run version: makes the pending changesets the next release. Manifests and CHANGELOGs by changesets, then what else names
// the version: core's own constant, and the lock file.
import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { releaseVersion } from './lib/packages.mjs';
import { root, run, step } from './lib/steps.mjs';

/** The module that tells users which release they run; a bundle has no package.json to read. */
const versionModule = (
  version,
) => `/** The release of this package. Written by scripts/version.mjs, checked against package.json by a test. */
export const version = '${version}';
`;

const node = async (file, ...args) =>
  void (await run(process.execPath, [path.join(root, 'node_modules', file), ...args]));

try {
  const pending = readdirSync(path.join(root, '.changeset')).filter(
    (name) => name.endsWith('.md') && name !== 'README.md',
  );
  if (pending.length === 0) throw new Error('there is no changeset to release; npx changeset writes one');
  await step(`${pending.length} changesets`, () => node('@changesets/cli/bin.js', 'version'));
  const version = releaseVersion(root);
  writeFileSync(path.join(root, 'packages/core/src/version.ts'), versionModule(version));
  await step('the lock file', () => node('pnpm/bin/pnpm.cjs', 'install', '--lockfile-only', '--prefer-offline'));
  console.log(`${version}: read the CHANGELOGs, then commit`);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
