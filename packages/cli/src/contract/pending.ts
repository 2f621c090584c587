import semver from 'semver';
import type { Planned } from './changesets.ts';
import type { Package } from './packages.ts';
import type { Release } from './release.ts';
import { type ChangeClass, changeClasses, type Pending } from './types.ts';
import { bumpBetween, neededBump } from './versions.ts';

export const bumps = ['patch', 'minor', 'major'] as const;
export type Bump = (typeof bumps)[number];

/**
 * What this tree will be released as, and whether that says enough: by `bump`, else by the pending changesets, else by the
 * versions that stand in its manifests.
 */
export function pendingRelease(
  packages: readonly Package[],
  { version: from, packages: released }: Release,
  change: ChangeClass,
  { bump, planned }: { readonly bump: Bump | undefined; readonly planned: Planned | undefined },
): Pending {
  const known = new Set(released.map(({ manifest }) => manifest.name));
  const versions = packages
    .filter(({ manifest }) => known.has(manifest.name))
    .map(({ manifest: { name, version } }) => planned?.versions.get(name) ?? version);
  // Packages of one release have one version; where they have not, the one that says least counts.
  const to = bump === undefined ? semver.sort(versions)[0]! : semver.inc(from, bump)!;
  const [has, needed] = [bumpBetween(from, to), neededBump(change, from)];
  return {
    from,
    to,
    bump: has,
    needed,
    enough: changeClasses.indexOf(has) >= changeClasses.indexOf(needed),
    source: bump !== undefined ? '--bump' : (planned?.changesets.length ?? 0) > 0 ? 'changesets' : 'version',
    changesets: planned?.changesets ?? [],
  };
}
