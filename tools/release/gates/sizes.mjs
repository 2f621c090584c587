// What the packages cost: entry points bundled for a browser, minified and gzipped, and tarballs.

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { root } from '../../../scripts/lib/steps.mjs';
import { inTemporaryFolder, readJson } from '../packages.mjs';

const file = path.join(import.meta.dirname, '../sizes.json');
export const budgets = () => readJson(file);

/** Room for small changes: 5% above what was measured, to three digits. */
const roomFor = (size) => Number((size * 1.05).toPrecision(3));
/** A budget that nothing comes near is no gate. */
const isFar = (size, budget) => size < budget * 0.85;
const renewed = (size, budget) =>
  budget === undefined || size > budget || isFar(size, budget) ? roomFor(size) : budget;

/** Bytes of a program bundled with what it imports, minified and gzipped. `gives` is what it exports as default, if it is to be run. */
async function bundle({ code, platform = 'browser', external = [] }, resolveDir = root) {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    platform,
    external,
    write: false,
    logLevel: 'silent',
  });
  return outputFiles[0];
}

/** Measures all entries, and runs those that say what they give: what `sideEffects: false` leaves out must not be missed. */
export async function sizeProblems(packed, { entries, tarballs }, resolveDir = root) {
  const sizes = { entries: {}, tarballs: {} };
  const problems = [];
  const judge = (name, size, budget, owner) => {
    if (budget === undefined)
      problems.push({ package: owner, message: `${name} has no budget`, remedy: 'pnpm release:check --update-sizes' });
    else if (size > budget)
      problems.push({
        package: owner,
        message: `${name} is ${kilobytes(size)} where its budget is ${kilobytes(budget)}`,
        remedy: 'find what came in; if it is worth it, pnpm release:check --update-sizes, and say why in the commit',
      });
    else if (isFar(size, budget))
      problems.push({
        package: owner,
        message: `${name} is ${kilobytes(size)}, far below its budget of ${kilobytes(budget)}`,
        remedy: 'pnpm release:check --update-sizes',
      });
  };
  await inTemporaryFolder(async (folder) => {
    for (const [name, entry] of Object.entries(entries)) {
      try {
        const { contents } = await bundle(entry, resolveDir);
        sizes.entries[name] = gzipSync(contents, { level: 9 }).length;
        judge(name, sizes.entries[name], entry.gzip, entry.package);
        if (entry.gives === undefined) continue;
        const program = path.join(folder, `${Object.keys(sizes.entries).length}.mjs`);
        writeFileSync(program, contents);
        const given = (await import(pathToFileURL(program).href)).default;
        if (given !== entry.gives)
          problems.push({
            package: entry.package,
            message: `${name} gives ${given} when it is bundled, not ${entry.gives}`,
            remedy: 'a module with side effects was left out: remove them, or name it in "sideEffects"',
          });
      } catch (error) {
        problems.push({
          package: entry.package,
          message: `${name} can't be bundled: ${error.message.split('\n').slice(0, 2).join(' ')}`,
          remedy: 'a module for Node alone must be behind a condition of "imports"',
        });
      }
    }
  });
  for (const { manifest, packed: bytes, unpacked } of packed) {
    sizes.tarballs[manifest.name] = { packed: bytes, unpacked };
    judge('its tarball', bytes, tarballs[manifest.name]?.packed, manifest.name);
    judge('its tarball, unpacked,', unpacked, tarballs[manifest.name]?.unpacked, manifest.name);
  }
  return { sizes, problems };
}

export const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;

/** Writes budgets for what was measured and does not fit those that there are. */
export function updateBudgets({ entries, tarballs }) {
  const before = budgets();
  const after = {
    ...before,
    entries: Object.fromEntries(
      Object.entries(before.entries).map(([name, entry]) => [
        name,
        { ...entry, gzip: renewed(entries[name], entry.gzip) },
      ]),
    ),
    tarballs: Object.fromEntries(
      Object.entries(tarballs).map(([name, { packed, unpacked }]) => [
        name,
        {
          packed: renewed(packed, before.tarballs[name]?.packed),
          unpacked: renewed(unpacked, before.tarballs[name]?.unpacked),
        },
      ]),
    ),
  };
  writeFileSync(file, `${JSON.stringify(after, null, 2)}\n`);
}
