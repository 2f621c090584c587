// What a conformance run depends on, as one number: a report belongs to a tree if it was made from the same.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { publicPackages } from './packages.mjs';

/**
 * SHA-256 over everything that is published and computes: the packages' sources, manifests and vectors, and the lock file,
 * which names the runtimes.
 *
 * @param {string} root of the workspace
 */
export const sourcesDigest = (root) =>
  digest(root, [
    path.join(root, 'pnpm-lock.yaml'),
    ...publicPackages(root).flatMap(({ folder }) => [
      path.join(folder, 'package.json'),
      ...filesBelow(path.join(folder, 'src')),
      ...filesBelow(path.join(folder, 'vectors')),
    ]),
  ]);

/**
 * SHA-256 over the golden vectors.
 *
 * @param {string} root of the workspace
 */
export const vectorsDigest = (root) => digest(root, filesBelow(path.join(root, 'packages/conformance/vectors')));

function digest(root, files) {
  const hash = createHash('sha256');
  const named = files
    .filter((file) => !/\.test\.ts$/.test(file))
    .map((file) => [path.relative(root, file).split(path.sep).join('/'), file])
    .sort(([a], [b]) => (a < b ? -1 : 1));
  // Names and lengths too, so that nothing can move from one file to the next.
  for (const [name, file] of named) {
    const content = readFileSync(file);
    hash.update(`${name}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

/** @returns {string[]} */
function filesBelow(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
}
