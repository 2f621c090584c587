import { existsSync } from 'node:fs';
import { mkdir, realpath, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import semver from 'semver';
import { messageOf } from '../errors.ts';
import { install } from './npm.ts';
import { type Package, readManifest } from './packages.ts';
import type { Release } from './release.ts';

/**
 * Makes a release ready to run: what its packages depend on is put beside them, linked from this tree where it has a
 * version that fits, else installed. A runtime that this tree has in another version, or not at all, is left out: those
 * are large, and the release can be judged without them.
 *
 * @returns what could not be provided, a line each
 */
export async function linkDependencies({ folder, packages }: Release, tree: readonly Package[]): Promise<string[]> {
  const group = new Set(packages.map(({ manifest }) => manifest.name));
  const wanted = new Map<string, { range: string; optional: boolean }>();
  const runtimes = new Set(packages.flatMap(({ manifest }) => Object.keys(manifest.peerDependencies ?? {})));
  for (const { manifest } of packages) {
    for (const [name, range] of Object.entries(manifest.optionalDependencies ?? {}))
      wanted.set(name, { range, optional: true });
    for (const [name, range] of Object.entries(manifest.dependencies ?? {}))
      if (!group.has(name)) wanted.set(name, { range, optional: runtimes.has(name) });
  }
  // A package of losses runs with the core that is beside it now, whichever that is.
  for (const peer of runtimes)
    if (!group.has(peer) && !wanted.has(peer)) wanted.set(peer, { range: '*', optional: true });
  const missing: string[] = [];
  for (const [name, { range, optional }] of wanted) {
    const found = await findInstalled(name, range, tree);
    if (found !== undefined) await link(found, join(folder, name));
    else if (!optional) missing.push(`${name}@${range}`);
  }
  if (missing.length === 0) return [];
  const separate = join(dirname(folder), 'installed');
  try {
    await install(missing, separate);
  } catch (error) {
    return [`the release can’t be run: ${messageOf(error)}`];
  }
  for (const name of missing.map((text) => text.slice(0, text.lastIndexOf('@'))))
    await link(join(separate, 'node_modules', name), join(folder, name));
  return [];
}

/** A dependency of this tree's packages, looked for as Node does: upwards from each. */
async function findInstalled(name: string, range: string, tree: readonly Package[]): Promise<string | undefined> {
  for (const { folder } of tree)
    for (let at = folder; ; at = dirname(at)) {
      const candidate = join(at, 'node_modules', name);
      if (existsSync(join(candidate, 'package.json'))) {
        const { version } = await readManifest(candidate);
        if (semver.satisfies(version, range, { includePrerelease: range === '*' })) return realpath(candidate);
      }
      if (dirname(at) === at) break;
    }
  return undefined;
}

async function link(target: string, path: string): Promise<void> {
  if (existsSync(path)) return;
  await mkdir(dirname(path), { recursive: true });
  // A junction needs no rights on Windows; elsewhere the kind means nothing.
  await symlink(target, path, 'junction');
}
