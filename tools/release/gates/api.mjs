// The public interface: rolled-up declarations of every entry point, committed in api/, and that all of it is documented.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root, run } from '../../../scripts/lib/steps.mjs';
import { entryPoints, inTemporaryFolder, readJson, slugOf } from '../packages.mjs';

export const snapshots = path.join(root, 'api');
export const reference = path.join(root, 'docs/api');

/** What programs in processes of their own are told of the entry points. */
const entriesOf = (packages) =>
  packages.flatMap(({ folder, manifest }) =>
    entryPoints(manifest).map(({ subpath, types }) => ({
      name: slugOf(folder, subpath),
      specifier: `${manifest.name}${subpath.slice(1)}`,
      folder,
      package: manifest.name,
      types,
      source: path.join(folder, types.replace(/^dist/, 'src').replace(/\.d\.ts$/, '.ts')),
    })),
  );

/** Runs a program beside this folder on all entry points, which writes pages into a folder; gives them with whose they are. */
function pagesBy(program, packages) {
  return inTemporaryFolder(async (folder) => {
    const entries = entriesOf(packages);
    const pages = path.join(folder, 'pages');
    mkdirSync(pages);
    const task = path.join(folder, 'task.json');
    writeFileSync(task, JSON.stringify({ folder: pages, entries }));
    // Both extractors are synchronous, and print.
    await run(process.execPath, [path.join(import.meta.dirname, '..', program), task]);
    const files = readdirSync(pages).filter((file) => file.endsWith('.md'));
    const answer = path.join(pages, 'answer.json');
    return {
      pages: new Map(files.map((file) => [file, readFileSync(path.join(pages, file), 'utf8')])),
      problems: existsSync(answer) ? readJson(answer).problems : [],
    };
  });
}

/** The declarations of packages as built, a page for each entry point; and what is undocumented or forgotten. */
export const apiOf = (packages) => pagesBy('extract.mjs', packages);

/** The reference of packages, from their sources. */
export const referenceOf = (packages) => pagesBy('reference.mjs', packages);

/** Where committed texts and those of now differ, by file: new, gone, changed with the lines. */
export async function compareFiles(folder, now, { what, remedy }) {
  const before = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith('.md')) : [];
  const problems = [];
  for (const file of new Set([...before, ...now.keys()])) {
    const text = now.get(file);
    const shown = path.relative(root, path.join(folder, file));
    if (text === undefined) problems.push({ message: `${shown} is of nothing that there is`, remedy });
    else if (!before.includes(file)) problems.push({ message: `${what} ${shown} is not committed`, remedy });
    else if (readFileSync(path.join(folder, file), 'utf8') !== text)
      problems.push({
        message: `${what} differs from ${shown}`,
        detail: await difference(path.join(folder, file), text),
        remedy,
      });
  }
  return problems;
}

/** The lines that differ, as git shows them. */
function difference(file, text) {
  return new Promise((resolve, reject) => {
    const git = spawn('git', ['diff', '--no-index', '--no-color', '-U1', '--', file, '-'], { cwd: root });
    let output = '';
    git.stdout.on('data', (chunk) => {
      output += chunk;
    });
    git.on('error', reject);
    git.on('close', () => resolve(output.split('\n').slice(4).join('\n').trimEnd()));
    git.stdin.end(text);
  });
}

/** Writes what there is now, and removes what is of nothing. */
export function writeFiles(folder, now) {
  mkdirSync(folder, { recursive: true });
  for (const file of readdirSync(folder)) if (file.endsWith('.md') && !now.has(file)) rmSync(path.join(folder, file));
  for (const [file, text] of now) writeFileSync(path.join(folder, file), text);
}
