// What a package tells npm of itself, and what is in its tarball.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../../../scripts/lib/steps.mjs';
import { isStale, targets } from '../packages.mjs';

const repository = 'https://github.com/isoloss/isoloss';

/** Fields that say the same in every package; `{folder}` is its place in the repository. */
const wanted = {
  license: 'Apache-2.0',
  author: 'The isoloss authors',
  type: 'module',
  bugs: `${repository}/issues`,
  homepage: `${repository}/tree/main/{folder}#readme`,
  repository: { type: 'git', url: `git+${repository}.git`, directory: '{folder}' },
  publishConfig: { access: 'public', provenance: true },
};

/** Problems of packages as packed: fields, licence, README, what is missing and what should not be there. */
export function checkManifests(packed) {
  const engines = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')).engines;
  const licence = readFileSync(path.join(root, 'LICENSE'), 'utf8');
  const [{ manifest: first }] = packed;
  return packed.flatMap(({ folder, manifest, contents, text }) => {
    const place = `packages/${path.basename(folder)}`;
    const problems = [];
    const problem = (message, remedy) => problems.push({ package: manifest.name, message, remedy });
    const inManifest = (field, value) =>
      problem(
        `package.json: ${field} is ${JSON.stringify(manifest[field])}`,
        `write ${JSON.stringify(value)} in ${place}/package.json`,
      );
    const expected = JSON.parse(JSON.stringify({ ...wanted, engines }).replaceAll('{folder}', place));
    for (const [field, value] of Object.entries(expected))
      if (JSON.stringify(manifest[field]) !== JSON.stringify(value)) inManifest(field, value);
    if (manifest.sideEffects !== false) inManifest('sideEffects', false);
    if (!(manifest.keywords?.length >= 4))
      problem('package.json: fewer than 4 keywords', `name what people search for in ${place}/package.json`);
    if (!manifest.description) problem('package.json: no description', `write one in ${place}/package.json`);
    if (manifest.version !== first.version)
      problem(
        `version ${manifest.version}, where ${first.name} has ${first.version}`,
        'all packages are one fixed group: npx changeset version',
      );
    for (const field of ['dependencies', 'optionalDependencies', 'peerDependencies'])
      for (const [name, range] of Object.entries(manifest[field] ?? {}))
        if (/^(workspace|file|link|git)/.test(range))
          problem(`${field} has ${name}@${range}, which nobody can install`, `give ${name} a version`);

    if (!contents.has('README.md'))
      problem('the tarball has no README.md, which npm shows first', `write ${place}/README.md`);
    if (!contents.has('LICENSE')) problem('the tarball has no LICENSE', `copy the file LICENSE to ${place}/LICENSE`);
    else if (text('LICENSE') !== licence)
      problem('its LICENSE is another one than that of the repository', `copy the file LICENSE to ${place}/LICENSE`);
    const files = [...contents.keys()];
    for (const { file } of targets([manifest.exports, manifest.imports, manifest.bin]))
      if (!files.some((name) => (file.includes('*') ? matches(file, name) : name === file)))
        problem(
          `package.json names ${file}, which is not in the tarball`,
          `build it, and have it in "files" of ${place}`,
        );
    // A template's files are what somebody else's package has.
    for (const file of files.filter((name) => !name.startsWith('template/')))
      if (/\.test\.|\/\.|^\.|^test\/|tsconfig/.test(file))
        problem(`the tarball has ${file}`, `leave it out in "files" of ${place}/package.json`);
    for (const file of files.filter((name) => isStale(name, (source) => contents.has(source))))
      problem(`the tarball has ${file}, which is built from nothing`, `rm -r ${place}/dist and build again`);
    return problems;
  });
}

/** Whether a pattern of an exports map, with one `*`, covers a file. */
function matches(pattern, file) {
  const [before, after] = pattern.split('*');
  return file.startsWith(before) && file.endsWith(after) && file.length >= pattern.length;
}
