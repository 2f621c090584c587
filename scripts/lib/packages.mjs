// The packages that are published: every folder of packages/ whose manifest is not private.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const dependencyFields = ['dependencies', 'optionalDependencies', 'peerDependencies'];

/**
 * Each with its folder and manifest, a package after those that it depends on, so that a release that breaks off half-way
 * leaves nothing on the registry that can't be installed.
 *
 * @param {string} root of the workspace
 * @returns {{ name: string, version: string, folder: string, manifest: Record<string, any> }[]}
 */
export function publicPackages(root) {
  const all = readdirSync(path.join(root, 'packages'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => {
      const folder = path.join(root, 'packages', entry.name);
      const manifest = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
      return { name: manifest.name, version: manifest.version, folder, manifest };
    })
    .filter(({ manifest }) => manifest.private !== true);
  const ordered = [];
  while (ordered.length < all.length) {
    const next = all.find((one) => !ordered.includes(one) && ownDependencies(one).every((on) => ordered.includes(on)));
    if (next === undefined) throw new Error(`packages depend on one another in a circle: ${names(all, ordered)}`);
    ordered.push(next);
  }
  return ordered;

  function ownDependencies({ manifest }) {
    const wanted = dependencyFields.flatMap((field) => Object.keys(manifest[field] ?? {}));
    return all.filter(({ name }) => wanted.includes(name));
  }
}

const names = (all, done) =>
  all
    .filter((one) => !done.includes(one))
    .map(({ name }) => name)
    .join(', ');

/**
 * The one version of all of them.
 * @param {string} root of the workspace
 * @returns {string}
 */
export function releaseVersion(root) {
  const versions = [...new Set(publicPackages(root).map(({ version }) => version))];
  if (versions.length === 1) return versions[0];
  throw new Error(
    `packages have different versions (${versions.join(', ')}): all belong to the fixed group of .changeset/config.json`,
  );
}
