import { existsSync, realpathSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { messageOf, UsageError } from '../errors.ts';

/** A package of losses as its files say, before anything of it runs. */
export interface FoundPackage {
  readonly name: string;
  readonly version: string;
  /** Absolute, links followed. */
  readonly folder: string;
  /** The module whose exports are its losses; absolute. */
  readonly module: string;
  /** The folder of its vectors, where it has any; absolute. */
  readonly vectors: string | undefined;
}

/** What `"isoloss"` in package.json may say. */
interface Manifest {
  readonly name?: unknown;
  readonly version?: unknown;
  readonly isoloss?: unknown;
}

const example = '"isoloss": { "losses": "./dist/index.js", "vectors": "./vectors" }';

/**
 * Finds a package of losses by its name, as Node finds one from the folder `from`, or by its own folder.
 * @throws UsageError with the remedy
 */
export async function findPackage(nameOrFolder: string, from: string): Promise<FoundPackage> {
  const folder = isFolder(nameOrFolder) ? givenFolder(path.resolve(from, nameOrFolder)) : byName(nameOrFolder, from);
  const found = await readPackage(folder);
  if (existsSync(found.module)) return found;
  const { name, module } = found;
  throw new UsageError(
    `${name}: ${path.relative(folder, module)} is not there; if it is built, npm run build in ${folder} makes it`,
  );
}

/**
 * A package of losses, which need not be built, by its folder.
 * @throws UsageError if it is none
 */
export async function readPackage(folder: string): Promise<FoundPackage> {
  const { name, version, isoloss } = await readManifest(folder);
  const called = typeof name === 'string' ? name : folder;
  if (isoloss === undefined || isoloss === null)
    throw new UsageError(`${called} is no package of losses: its package.json has no "isoloss", as in ${example}`);
  const { losses, vectors, ...rest } = isRecord(isoloss) ? isoloss : { losses: undefined };
  const stranger = Object.keys(rest)[0];
  if (typeof losses !== 'string' || (vectors !== undefined && typeof vectors !== 'string') || stranger !== undefined)
    throw new UsageError(`${called}: "isoloss" in its package.json is to be as in ${example}`);
  return {
    name: called,
    version: typeof version === 'string' ? version : '0.0.0',
    folder,
    module: inside(folder, losses, called),
    vectors: vectors === undefined ? undefined : inside(folder, vectors, called),
  };
}

/** The folder of the package that a file or folder belongs to: the nearest above with a package.json. */
export function packageAbove(start: string): string | undefined {
  for (let folder = start; ; folder = path.dirname(folder)) {
    if (existsSync(path.join(folder, 'package.json'))) return folder;
    if (folder === path.dirname(folder)) return undefined;
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

const isFolder = (text: string): boolean => /^\.{1,2}($|[\\/])/.test(text) || path.isAbsolute(text);

function givenFolder(folder: string): string {
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found === undefined) throw new UsageError(`there is no folder ${folder}`);
  if (!found.isDirectory()) throw new UsageError(`${folder} is a file; --package takes the folder of a package`);
  return realpathSync(folder);
}

/** Through node_modules by hand: `exports` of a package need not let its package.json be seen. */
function byName(name: string, from: string): string {
  if (!/^(@[a-z0-9~][\w.~-]*\/)?[a-z0-9~][\w.~-]*$/i.test(name))
    throw new UsageError(`${JSON.stringify(name)} is no name of a package; a folder begins with ./`);
  const places = createRequire(path.join(from, 'index.js')).resolve.paths(name) ?? [];
  const installed = places
    .map((place) => path.join(place, name))
    .find((one) => existsSync(path.join(one, 'package.json')));
  if (installed !== undefined) return realpathSync(installed);
  // A package knows itself by its name, too.
  const own = packageAbove(from);
  if (own !== undefined && nameIn(own) === name) return realpathSync(own);
  throw new UsageError(
    `there is no package ${name} in the node_modules of ${from} or above; npm install ${name}, or give its folder as ./${path.basename(name)}`,
  );
}

function nameIn(folder: string): unknown {
  try {
    return createRequire(import.meta.url)(path.join(folder, 'package.json')).name;
  } catch {
    return undefined;
  }
}

async function readManifest(folder: string): Promise<Manifest> {
  const file = path.join(folder, 'package.json');
  if (!existsSync(file)) throw new UsageError(`${folder} has no package.json, so it is no package`);
  try {
    const json: unknown = JSON.parse(await readFile(file, 'utf8'));
    return isRecord(json) ? json : {};
  } catch (error) {
    throw new UsageError(`${file}: ${messageOf(error)}`);
  }
}

/** What a package names of itself lies in it. */
function inside(folder: string, relative: string, name: string): string {
  const target = path.resolve(folder, relative);
  if (target !== folder && target.startsWith(folder + path.sep)) return target;
  throw new UsageError(`${name}: ${JSON.stringify(relative)} in "isoloss" of its package.json is not in the package`);
}
