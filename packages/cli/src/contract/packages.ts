import { readdir, readFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { messageOf, UsageError } from '../errors.ts';
import { compareExports, exportsOf } from './exports.ts';
import { compareFormats, type Schemas } from './formats.ts';
import { compareManifests, type Manifest } from './manifest.ts';
import type { Finding } from './types.ts';

export interface Package {
  readonly folder: string;
  readonly manifest: Manifest;
}

/** A package as it is packed. */
export interface PackageFiles extends Package {
  /** Paths in the folder, with `/`. */
  readonly files: readonly string[];
}

/** @throws UsageError where there is no package.json that can be read */
export async function readManifest(folder: string): Promise<Manifest> {
  const file = join(folder, 'package.json');
  try {
    const manifest = JSON.parse(await readFile(file, 'utf8')) as Manifest;
    if (typeof manifest.name === 'string' && typeof manifest.version === 'string') return manifest;
  } catch (error) {
    throw new UsageError(`${file}: ${messageOf(error)}`);
  }
  throw new UsageError(`${file} has no name and version`);
}

/** A package as a tarball was unpacked. */
export async function unpackedPackage(folder: string): Promise<PackageFiles> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .split(sep)
        .join('/'),
    );
  return { folder, manifest: await readManifest(folder), files: files.sort() };
}

/** What became of the packages themselves: entry points, formats, manifests, and whatever else is in their files. */
export async function comparePackages(
  before: readonly PackageFiles[],
  after: readonly PackageFiles[],
): Promise<Finding[]> {
  const named = (list: readonly PackageFiles[]) => new Map(list.map((one) => [one.manifest.name, one]));
  const [was, is] = [named(before), named(after)];
  const group = new Set([...was.keys(), ...is.keys()]);
  const findings: Finding[] = [];
  for (const [name, old] of was) {
    const now = is.get(name);
    if (now === undefined) {
      findings.push({ class: 'major', area: 'exports', subject: name, what: 'the package is gone' });
      continue;
    }
    findings.push(
      ...compareExports(name, await exportsOf(old.folder, old.manifest), await exportsOf(now.folder, now.manifest)),
      ...compareFormats(name, await schemasOf(old), await schemasOf(now)),
      ...compareManifests(old.manifest, now.manifest, group),
      ...(await compareFiles(old, now, group)),
    );
  }
  for (const name of is.keys())
    if (!was.has(name)) findings.push({ class: 'minor', area: 'exports', subject: name, what: 'a new package' });
  return findings;
}

async function schemasOf({ folder, files }: PackageFiles): Promise<Schemas> {
  const paths = files.filter((file) => file.endsWith('.schema.json'));
  return new Map(
    await Promise.all(
      paths.map(async (file) => [file, JSON.parse(await readFile(join(folder, file), 'utf8'))] as const),
    ),
  );
}

/** What a release changes in any case (its certificate is of its own run), and what is left over from a build. */
const ignored = /(^|\/)(CHANGELOG\.md|\.tsbuildinfo)$|^conformance\.json$/;

async function compareFiles(before: PackageFiles, after: PackageFiles, group: ReadonlySet<string>): Promise<Finding[]> {
  const [was, is] = [before, after].map(({ files }) => new Set(files.filter((file) => !ignored.test(file))));
  const gone = [...was!].filter((file) => !is!.has(file));
  const fresh = [...is!].filter((file) => !was!.has(file));
  const changed: string[] = [];
  for (const file of was!) if (is!.has(file) && !(await isSame(file, before, after, group))) changed.push(file);
  const parts = [
    changed.length === 0 ? '' : `${count(changed)} changed (${list(changed)})`,
    gone.length === 0 ? '' : `${count(gone)} gone (${list(gone)})`,
    fresh.length === 0 ? '' : `${count(fresh)} new (${list(fresh)})`,
  ].filter(Boolean);
  if (parts.length === 0) return [];
  return [{ class: 'patch', area: 'files', subject: before.manifest.name, what: parts.join(', ') }];
}

async function isSame(
  file: string,
  before: PackageFiles,
  after: PackageFiles,
  group: ReadonlySet<string>,
): Promise<boolean> {
  const [was, is] = await Promise.all([before, after].map(({ folder }) => readFile(join(folder, file))));
  if (was!.equals(is!)) return true;
  if (file === 'package.json')
    return isDeepStrictEqual(installed(before.manifest, group), installed(after.manifest, group));
  const [from, to] = [before.manifest.version, after.manifest.version];
  return from !== to && withVersion(was!, from) === withVersion(is!, to);
}

const withVersion = (content: Buffer, version: string): string =>
  content.toString('latin1').replace(new RegExp(`(['"\`])${version.replaceAll('.', '\\.')}\\1`, 'g'), '$1version$1');

/** A manifest without what is only for those who develop the package, and without the versions of one release. */
function installed(manifest: Manifest, group: ReadonlySet<string>): object {
  const { version: _, devDependencies: __, scripts: ___, ...rest } = manifest as Manifest & Record<string, unknown>;
  return JSON.parse(
    JSON.stringify(rest, (key, value) => (group.has(key) && typeof value === 'string' ? 'group' : value)),
  );
}

const count = (files: readonly string[]): string => `${files.length} ${files.length === 1 ? 'file' : 'files'}`;

const shown = 4;
/** Source maps follow what they map. */
function list(files: readonly string[]): string {
  const [first, maps] = [files.filter((file) => !file.endsWith('.map')), files.filter((file) => file.endsWith('.map'))];
  const all = [...first, ...maps];
  return all.length <= shown ? all.join(', ') : `${all.slice(0, shown).join(', ')} and ${all.length - shown} more`;
}
