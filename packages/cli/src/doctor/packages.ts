import { existsSync, lstatSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A package as it is installed. */
export interface Installed {
  readonly name: string;
  readonly version: string;
  /** Its folder, links resolved. */
  readonly directory: string;
  readonly manifest: Manifest;
}

interface Manifest {
  readonly version: string;
  readonly files?: readonly string[];
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** Our own folder, from which we import backends. */
const own = dirname(dirname(dirname(realpathSync(fileURLToPath(import.meta.url)))));

/** The package that code in a folder would get: Node's own walk upwards, which no `exports` of the package can hide. */
function findPackage(name: string, from: string): Installed | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const found = at(join(folder, 'node_modules', name), name);
    if (found !== undefined) return found;
    if (dirname(folder) === folder) return undefined;
  }
}

function at(folder: string, name: string): Installed | undefined {
  try {
    const directory = realpathSync(folder);
    const manifest = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as Manifest;
    return { name, version: manifest.version, directory, manifest };
  } catch {
    return undefined;
  }
}

/**
 * Packages of which each is imported by the one before it, as a backend's are: by our package for the runtime, by the
 * runtime for what that needs; else from here, else from the working folder.
 */
export function findPackages(
  names: readonly string[],
): (Installed | { readonly name: string; readonly missing: true })[] {
  const seen: string[] = [own];
  return names.map((name) => {
    for (const folder of [...seen.toReversed(), process.cwd()]) {
      const found = findPackage(name, folder);
      if (found === undefined) continue;
      if (name.startsWith('@isoloss/')) seen.push(found.directory);
      return found;
    }
    return { name, missing: true };
  });
}

export const isInstalled = (found: Installed | { readonly missing: true }): found is Installed => 'directory' in found;

/** How an install script fared: it is what blocked scripts leave undone. */
export interface InstallScript {
  readonly command: string;
  /** `done`: what it fetches or builds is there. `not needed`: the package came with it. */
  readonly state: 'done' | 'not needed' | 'blocked' | 'failed';
  /** Who blocked it, where that is known. */
  readonly by?: string;
}

/** A package with native code: where that is, and what the install script is for. */
interface Native {
  /** Of the binding, for a platform and architecture. */
  binding(platform: string, arch: string): RegExp;
  /** Whether the published package holds it, so that a blocked script takes nothing away. */
  readonly bundled: boolean;
}

const natives: Readonly<Record<string, Native>> = {
  'onnxruntime-node': {
    binding: (platform, arch) => new RegExp(`^bin/napi-v\\d+/${platform}/${arch}/[^/]+\\.node$`),
    bundled: true,
  },
  '@tensorflow/tfjs-node': { binding: () => /^lib\/napi-v\d+\/tfjs_binding\.node$/, bundled: false },
};

export interface NativeState {
  /** The binding for this platform, in the package's folder; null if it is not there. */
  readonly binding: string | null;
  readonly installScript: InstallScript | null;
}

/** What is known of a package's native code; undefined of a package that has none. */
export function nativeState({ name, directory, manifest }: Installed): NativeState | undefined {
  const native = natives[name];
  if (native === undefined) return undefined;
  const pattern = native.binding(process.platform, process.arch);
  const binding = filesBelow(directory, (file) => !/(^|\/)(node_modules|src|dist)$/.test(file)).find((file) =>
    pattern.test(file),
  );
  const command = ['preinstall', 'install', 'postinstall'].map((key) => manifest.scripts?.[key]).find(Boolean);
  return {
    binding: binding ?? null,
    installScript: command === undefined ? null : { command, ...scriptState(native, binding !== undefined, directory) },
  };
}

function scriptState(native: Native, present: boolean, directory: string): Omit<InstallScript, 'command'> {
  if (present) return { state: native.bundled ? 'not needed' : 'done' };
  const by = blockedBy(directory);
  return by === undefined ? { state: 'failed' } : { state: 'blocked', by };
}

/** Who installed it, if that is one who runs no scripts of dependencies unless it is told to. */
function blockedBy(directory: string): string | undefined {
  if (directory.includes(`${sep}.pnpm${sep}`)) return 'pnpm (since 10; onlyBuiltDependencies allows it)';
  for (let folder = directory; dirname(folder) !== folder; folder = dirname(folder)) {
    if (existsSync(join(folder, 'node_modules/.package-lock.json'))) return 'npm (since 12; allowScripts allows it)';
    if (existsSync(join(folder, 'bun.lock'))) return 'bun (trustedDependencies allows it)';
  }
  return undefined;
}

/** Paths of the files below a folder, with forward slashes. */
function filesBelow(root: string, enter: (folder: string) => boolean, below = ''): string[] {
  const entries = readdirSync(join(root, below), { withFileTypes: true });
  return entries.flatMap((entry) => {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) return enter(path) ? filesBelow(root, enter, path) : [];
    return [path];
  });
}

/** What packages take on disk. */
export interface InstallSize {
  /** Of all files, each counted once. */
  readonly bytes: number;
  readonly packages: readonly { readonly name: string; readonly version: string; readonly bytes: number }[];
}

/**
 * What packages take on disk, with all they depend on: every file walked, links to files outside followed (tfjs-node's
 * library is one), each counted once. Of a package in a workspace only what would be published counts.
 */
export function installSize(roots: readonly Installed[]): InstallSize {
  const packages = new Map<string, { name: string; version: string; bytes: number }>();
  const counted = new Set<string>();
  const waiting = [...roots];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { name, version, directory, manifest } = next;
    if (packages.has(directory)) continue;
    packages.set(directory, { name, version, bytes: sizeOfPackage(next, counted) });
    for (const dependency of Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })) {
      const found = findPackage(dependency, directory);
      if (found !== undefined) waiting.push(found);
    }
  }
  const all = [...packages.values()].sort((a, b) => b.bytes - a.bytes);
  return { bytes: all.reduce((sum, { bytes }) => sum + bytes, 0), packages: all };
}

function sizeOfPackage({ directory, manifest }: Installed, counted: Set<string>): number {
  const published = manifest.files !== undefined && !directory.split(sep).includes('node_modules');
  if (!published) return sizeBelow(directory, counted);
  const entries = [...manifest.files.filter((file) => !/^!|\*/.test(file)), 'package.json', 'README.md'];
  return entries.reduce((sum, file) => sum + sizeBelow(join(directory, file), counted), 0);
}

function sizeBelow(path: string, counted: Set<string>): number {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined) return 0;
  const real = lstatSync(path).isSymbolicLink() ? realpathSync(path) : path;
  if (counted.has(real)) return 0;
  counted.add(real);
  if (!status.isDirectory()) return status.size;
  // Dependencies are found by name, wherever the package manager has put them.
  return readdirSync(path)
    .filter((name) => name !== 'node_modules' && name !== '.tsbuildinfo')
    .reduce((sum, name) => sum + sizeBelow(join(path, name), counted), 0);
}
