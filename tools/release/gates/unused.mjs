// knip: files, exports and dependencies that nothing uses, and those that are used and not declared.
import path from 'node:path';
import { root, run } from '../../../scripts/lib/steps.mjs';
import { programOf } from '../packages.mjs';

const knip = programOf('knip', 'bin/knip.js');

const what = {
  files: 'nothing uses this file',
  dependencies: 'nothing uses this dependency',
  devDependencies: 'nothing uses this devDependency',
  optionalPeerDependencies: 'is used and is an optional peer',
  unlisted: 'is used and not declared',
  binaries: 'is called and comes with no dependency',
  unresolved: 'is imported and does not exist',
  exports: 'nothing uses this export',
  types: 'nothing uses this exported type',
  nsExports: 'nothing uses this export of a namespace',
  nsTypes: 'nothing uses this exported type of a namespace',
  enumMembers: 'nothing uses this member',
  namespaceMembers: 'nothing uses this member',
  duplicates: 'is exported twice',
  catalog: 'nothing uses this entry of the catalog',
};

/** What is unused, or used and not declared, in a workspace with a `knip.jsonc`. */
export async function unusedProblems(folder = root) {
  const args = [
    knip,
    '--directory',
    folder,
    '--config',
    path.join(folder, 'knip.jsonc'),
    '--reporter',
    'json',
    '--no-progress',
  ];
  const output = await run(process.execPath, args, { all: true }).catch((error) => {
    if (error.code === 1) return error.log;
    throw error;
  });
  const { issues } = JSON.parse(output.slice(output.indexOf('{"issues"')));
  return issues.flatMap(({ file, ...kinds }) =>
    Object.entries(kinds).flatMap(([kind, found]) =>
      (Array.isArray(found) ? found : []).flat().map((entry) => ({
        message: `${[`${file}${entry.line ? `:${entry.line}` : ''}:`, kind === 'files' ? '' : entry.name, what[kind] ?? kind].filter(Boolean).join(' ')}`,
        remedy:
          kind === 'unlisted'
            ? 'add it to the package.json beside it'
            : 'remove it; if it is used where knip can’t see, say so in knip.jsonc, with the reason',
      })),
    ),
  );
}
