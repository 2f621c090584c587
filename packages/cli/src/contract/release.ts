import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, rename, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { UsageError } from '../errors.ts';
import { download, packedFiles, unpack, view } from './npm.ts';
import { type Package, type PackageFiles, readManifest, unpackedPackage } from './packages.ts';

/** A release on this machine, its packages where Node finds them: in a folder node_modules. */
export interface Release {
  /** Of the package that stands for all of them. */
  readonly name: string;
  readonly version: string;
  /** Where it comes from, for people. */
  readonly from: string;
  /** The folder of node_modules. */
  readonly folder: string;
  readonly packages: readonly PackageFiles[];
}

export interface ReleaseRequest {
  /** A version, a tag, or folders and tarballs; `latest` where left out. */
  readonly against: readonly string[];
  /** The package that stands for all of them, and all that this tree would release. */
  readonly main: string;
  readonly names: readonly string[];
  /** An empty folder to put it in. */
  readonly into: string;
}

/**
 * Gets a release: from the registry, through npm with the user's own configuration, or from disk.
 * @returns undefined where nothing was released yet
 * @throws UsageError for what is no release; UnavailableError where the registry can't be reached
 */
export async function obtainRelease(request: ReleaseRequest): Promise<Release | undefined> {
  const { against, main, into } = request;
  const folder = join(into, 'node_modules');
  await mkdir(folder, { recursive: true });
  const found = await Promise.all(against.map((text) => stat(text).catch(() => undefined)));
  const isSpec = against.length === 0 || (against.length === 1 && found[0] === undefined && spec.test(against[0]!));
  const missing = against.find((_, k) => found[k] === undefined);
  if (!isSpec && missing !== undefined)
    throw new UsageError(`--against ${missing}: there is no such file or folder, and it is no version or tag`);
  const from = isSpec ? await fromRegistry(request) : await fromDisk(against, into);
  if (from === undefined) return undefined;
  const packages = await Promise.all((await installedNames(folder)).map((name) => unpackedPackage(join(folder, name))));
  const first = packages.find(({ manifest }) => manifest.name === main);
  if (first === undefined)
    throw new UsageError(
      `--against ${against.join(' ')}: there is no ${main} among ${packages.map(({ manifest }) => manifest.name).join(', ') || 'no packages'}`,
    );
  return { name: main, version: first.manifest.version, from, folder, packages };
}

/** Versions and tags, and nothing that a shell or npm would take for something else. */
const spec = /^[\w][\w.+-]*$/;

/** Puts the packages of a version of the main package into node_modules. */
async function fromRegistry({ against, main, names, into }: ReleaseRequest): Promise<string | undefined> {
  const wanted = against[0] ?? 'latest';
  const found = await view(`${main}@${wanted}`, into);
  if (found === undefined) {
    if (against.length > 0) throw new UsageError(`--against ${wanted}: the registry has no ${main}@${wanted}`);
    return undefined;
  }
  // Of what the main package brings along, what is released with it: some of it may be gone from this tree.
  const scopes = new Set(names.flatMap((name) => (name.startsWith('@') ? [name.split('/')[0]] : [])));
  const siblings = Object.keys(found.dependencies).filter((name) => scopes.has(name.split('/')[0]));
  await Promise.all(
    [...new Set([main, ...siblings, ...names])].map(async (name) => {
      const tarballs = join(into, 'tarballs', name);
      await mkdir(tarballs, { recursive: true });
      const tarball = await download(`${name}@${found.version}`, tarballs);
      if (tarball !== undefined) await unpack(join(tarballs, tarball), join(into, 'node_modules', name));
    }),
  );
  return `${main}@${found.version} of the registry`;
}

async function fromDisk(paths: readonly string[], into: string): Promise<string> {
  for (const [k, path] of paths.entries()) {
    const full = resolve(path);
    if ((await stat(full)).isFile()) await addTarball(full, into, `${k}`);
    else await addFolder(full, into, `${k}`);
  }
  return paths.join(' ');
}

async function addTarball(tarball: string, into: string, key: string): Promise<void> {
  const folder = join(into, 'unpacked', key);
  await unpack(tarball, folder);
  const { manifest } = await unpackedPackage(folder);
  const target = join(into, 'node_modules', manifest.name);
  await mkdir(dirname(target), { recursive: true });
  await rename(folder, target);
}

/** A folder of tarballs, a package, or a folder of packages as a workspace has it. */
async function addFolder(folder: string, into: string, key: string): Promise<void> {
  const names = await readdir(folder);
  const tarballs = names.filter((name) => name.endsWith('.tgz'));
  if (tarballs.length > 0) {
    for (const name of tarballs) await addTarball(join(folder, name), into, `${key}-${name}`);
    return;
  }
  const found = names.includes('package.json')
    ? [{ folder, manifest: await readManifest(folder) }]
    : await publicPackages(folder);
  const packages = await packedFiles(found);
  if (packages.length === 0) throw new UsageError(`--against ${folder}: there is no tarball and no package in it`);
  for (const { folder: own, manifest, files } of packages)
    for (const file of files) {
      const target = join(into, 'node_modules', manifest.name, file);
      await mkdir(dirname(target), { recursive: true });
      await cp(join(own, file), target);
    }
}

/** The packages right below a folder that are not private. */
export async function publicPackages(parent: string): Promise<Package[]> {
  const folders = (await readdir(parent)).sort().map((name) => join(parent, name));
  const found = folders.filter((folder) => existsSync(join(folder, 'package.json')));
  const all = await Promise.all(found.map(async (folder) => ({ folder, manifest: await readManifest(folder) })));
  return all.filter(({ manifest }) => manifest.private !== true);
}

/** The names of what lies in a folder node_modules, scopes opened. */
async function installedNames(folder: string): Promise<string[]> {
  const names = await readdir(folder);
  const all = names.map(async (name) =>
    name.startsWith('@') ? (await readdir(join(folder, name))).map((own) => `${name}/${own}`) : [name],
  );
  return (await Promise.all(all)).flat().sort();
}
