import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { dirname, relative, sep } from 'node:path';
import { oneLine, UnavailableError } from '../errors.ts';
import type { Package, PackageFiles } from './packages.ts';

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program to its end, in `cwd`. Its arguments hold no paths and nothing that a shell would read. */
function execute(program: string, args: readonly string[], cwd: string): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    // npm is a script of the shell's on Windows.
    const options = { cwd, maxBuffer: 2 ** 28, shell: process.platform === 'win32' && program === 'npm' };
    execFile(program, args, options, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      if (typeof code === 'number') resolve({ code, stdout, stderr });
      else reject(new UnavailableError(`${program} can’t be run: ${oneLine(error!.message)}; is it installed?`));
    });
  });
}

/** npm with the user's own configuration: registry, proxy, tokens. */
const npm = (args: readonly string[], cwd: string): Promise<Outcome> =>
  execute('npm', [...args, '--json', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], cwd);

/** What npm says is wrong: with --json its errors are on standard output. */
function problemOf({ stdout, stderr }: Outcome): { readonly code: string; readonly summary: string } {
  try {
    const { error } = JSON.parse(stdout) as { error?: { code?: string; summary?: string } };
    if (error?.code !== undefined) return { code: error.code, summary: oneLine(error.summary ?? '') };
  } catch {}
  return { code: /npm error code (\w+)/.exec(stderr)?.[1] ?? '', summary: oneLine(stderr).slice(0, 300) };
}

const nothingThere = new Set(['E404', 'ETARGET']);

const offline = ({ code, summary }: ReturnType<typeof problemOf>, what: string): UnavailableError =>
  new UnavailableError(
    `${what} can’t be had from the registry (${[code, summary].filter(Boolean).join(': ')}); --against takes a folder or tarballs of the release, without the network`,
  );

/** What the registry knows of a version; undefined where there is no such package or version. */
export async function view(
  spec: string,
  cwd: string,
): Promise<{ readonly version: string; readonly dependencies: Readonly<Record<string, string>> } | undefined> {
  // Who is offline should not wait for a minute to hear it.
  const patience = ['--fetch-retries=1', '--fetch-retry-mintimeout=1000'];
  const outcome = await npm(['view', spec, 'version', 'dependencies', ...patience], cwd);
  if (outcome.code === 0) {
    // Nothing is printed where the package is there and the version isn't.
    if (outcome.stdout.trim() === '') return undefined;
    // It is the bare version where there are no dependencies.
    const found = JSON.parse(outcome.stdout) as string | { version: string; dependencies?: Record<string, string> };
    if (typeof found === 'string') return { version: found, dependencies: {} };
    return { version: found.version, dependencies: found.dependencies ?? {} };
  }
  const problem = problemOf(outcome);
  if (nothingThere.has(problem.code)) return undefined;
  throw offline(problem, spec);
}

/** Downloads a package into a folder; the name of the tarball, undefined where there is no such version. */
export async function download(spec: string, folder: string): Promise<string | undefined> {
  const outcome = await npm(['pack', spec], folder);
  if (outcome.code === 0) return (JSON.parse(outcome.stdout) as [{ filename: string }])[0].filename;
  const problem = problemOf(outcome);
  if (nothingThere.has(problem.code)) return undefined;
  throw offline(problem, spec);
}

/** Installs packages into a folder of their own, no script of theirs run. */
export async function install(specs: readonly string[], folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const outcome = await npm(['install', '--no-save', '--no-package-lock', '--prefix', '.', ...specs], folder);
  if (outcome.code !== 0) throw offline(problemOf(outcome), specs.join(', '));
}

/** Unpacks a tarball of npm's. */
export async function unpack(tarball: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const file = relative(folder, tarball).split(sep).join('/');
  const { code, stderr } = await execute('tar', ['-xzf', file, '--strip-components=1'], folder);
  if (code !== 0) throw new UnavailableError(`${tarball} can’t be unpacked: ${oneLine(stderr)}`);
}

/** The files that npm would pack of each package. */
export async function packedFiles(packages: readonly Package[]): Promise<PackageFiles[]> {
  if (packages.length === 0) return [];
  // Named relative to one folder: paths of others' machines may hold what a shell reads.
  const cwd = dirname(packages[0]!.folder);
  const paths = packages.map(({ folder }) => `./${relative(cwd, folder).split(sep).join('/')}`);
  const outcome = await npm(['pack', '--dry-run', ...paths], cwd);
  if (outcome.code !== 0) throw new UnavailableError(`npm pack failed in ${cwd}: ${problemOf(outcome).summary}`);
  const packed = JSON.parse(outcome.stdout) as { name: string; files: { path: string }[] }[];
  return packages.map(({ folder, manifest }) => {
    const files = packed.find(({ name }) => name === manifest.name)?.files ?? [];
    return { folder, manifest, files: files.map(({ path }) => path).sort() };
  });
}
