// The packages that are published, and their tarballs as npm would get them.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { unpack } from '@publint/pack';
import { certificateFile } from '../../scripts/lib/certificates.mjs';
import { root, run } from '../../scripts/lib/steps.mjs';

/** A program of a package in a folder's node_modules; exports maps hide theirs. */
export const programOf = (name, file, folder = import.meta.dirname) => path.join(folder, 'node_modules', name, file);

export const pnpm = programOf('pnpm', 'bin/pnpm.cjs', root);
export const typescript = {
  oldest: programOf('typescript-5.9', 'bin/tsc'),
  ours: programOf('typescript', 'bin/tsc', root),
};

export const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'));

/** A package in a folder, as its sources have it. */
export const packageAt = (folder) => ({ folder, manifest: readJson(path.join(folder, 'package.json')) });

/** Whether what was built has a source; tsc leaves the files of a module that is gone. */
export const isStale = (file, has) =>
  /^dist\/.*\.js$/.test(file) &&
  !['.ts', '.js'].some((extension) => has(file.replace(/^dist/, 'src').replace(/\.js$/, extension)));

/** Removes what older builds left behind, which would be packed. */
export function removeStale({ folder }) {
  const dist = path.join(folder, 'dist');
  if (!existsSync(dist)) return;
  for (const name of readdirSync(dist, { recursive: true })) {
    const file = `dist/${name.replaceAll('\\', '/')}`;
    if (!isStale(file, (source) => existsSync(path.join(folder, source)))) continue;
    for (const extension of ['.js', '.js.map', '.d.ts', '.d.ts.map'])
      rmSync(path.join(folder, file.replace(/\.js$/, extension)), { force: true });
  }
}

/** Does something with a folder of its own, which is removed afterwards. */
export async function inTemporaryFolder(action) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'isoloss-release-'));
  try {
    return await action(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Packs packages with pnpm, which writes versions where sources say `workspace:*`; gives each with what is in it. The
 * certificate is made by a release only: where it isn't there yet, an empty one stands for it, and its bytes don't count.
 */
export function pack(packages, destination) {
  return Promise.all(packages.map((one) => packOne(one, destination)));
}

async function packOne({ folder, manifest }, destination) {
  const tarball = path.join(destination, `${manifest.name.replace('@', '').replace('/', '-')}-${manifest.version}.tgz`);
  // Scripts of the package could change what is packed behind our back; none of ours has any.
  await run(process.execPath, [pnpm, '--config.ignore-scripts=true', 'pack', '--pack-destination', destination], {
    cwd: folder,
  });
  const { files, rootDir } = await unpack(new Uint8Array(readFileSync(tarball)));
  const bytes = { packed: statSync(tarball).size, unpacked: files.reduce((sum, { data }) => sum + data.length, 0) };
  const certificate = files.find(({ name }) => name === `${rootDir}/${certificateFile}`);
  if (certificate !== undefined) {
    bytes.packed -= gzipSync(certificate.data).length;
    bytes.unpacked -= certificate.data.length;
  } else if (manifest.exports?.[`./${certificateFile}`] !== undefined)
    files.push({ name: `${rootDir}/${certificateFile}`, data: new TextEncoder().encode('{}') });
  const contents = new Map(files.map(({ name, data }) => [name.slice(rootDir.length + 1), data]));
  const text = (file) => new TextDecoder().decode(contents.get(file));
  return {
    folder,
    manifest: JSON.parse(text('package.json')),
    files,
    rootDir,
    contents,
    text,
    ...bytes,
  };
}

/** The files that an `exports`, `imports` or `bin` names, with the conditions that lead there. */
export function targets(entry, conditions = []) {
  if (typeof entry === 'string') return [{ file: entry.replace(/^\.\//, ''), conditions }];
  return Object.entries(entry ?? {}).flatMap(([key, value]) => targets(value, [...conditions, key]));
}

/** The entry points with types: `[{ subpath: '.', types: 'dist/index.d.ts' }]`. */
export const entryPoints = ({ exports }) =>
  Object.entries(exports).flatMap(([subpath, entry]) =>
    entry.types === undefined ? [] : [{ subpath, types: entry.types.replace(/^\.\//, '') }],
  );

/** A short name for files: `core`, `tfjs-node`. */
export const slugOf = (folder, subpath) => `${path.basename(folder)}${subpath.slice(1).replaceAll('/', '-')}`;
