// Packing and publishing. What is published is what was packed and looked at, not what a second packing would give.
import { execFile } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { publicPackages } from './packages.mjs';
import { run } from './steps.mjs';

const execute = promisify(execFile);

/** @typedef {{ name: string, version: string, file: string }} Tarball */

/**
 * Where each public package's tarball is, those that others depend on first.
 *
 * @param {string} root of the workspace
 * @returns {Tarball[]}
 */
export const tarballsOf = (root) =>
  publicPackages(root).map(({ name, version }) => ({
    name,
    version,
    file: path.join(root, '.cache/release', `${name.replace('@', '').replace('/', '-')}-${version}.tgz`),
  }));

/**
 * Packs every public package of a workspace that is installed and built. pnpm replaces `workspace:*` by the version.
 *
 * @param {string} root of the workspace
 * @returns {Promise<Tarball[]>}
 */
export async function packAll(root) {
  const pnpm = path.join(root, 'node_modules/pnpm/bin/pnpm.cjs');
  const tarballs = tarballsOf(root);
  rmSync(path.join(root, '.cache/release'), { recursive: true, force: true });
  mkdirSync(path.join(root, '.cache/release'), { recursive: true });
  for (const [k, { folder }] of publicPackages(root).entries())
    await run(process.execPath, [pnpm, 'pack', '--out', tarballs[k].file], { cwd: folder });
  return tarballs;
}

/**
 * A file of a tarball as text, or undefined if it holds no such file.
 *
 * @param {string} file of the tarball
 * @param {string} name of the file in it
 */
export async function readPacked(file, name) {
  try {
    const { stdout } = await execute('tar', ['-xOzf', path.basename(file), `package/${name}`], {
      cwd: path.dirname(file),
      maxBuffer: 1 << 26,
    });
    return stdout;
  } catch {
    return undefined;
  }
}

/**
 * What is wrong with a tarball as a package of a registry, a line each.
 *
 * @param {Tarball} tarball
 */
export async function tarballProblems({ name, version, file }) {
  const text = await readPacked(file, 'package.json');
  if (text === undefined) return [`${name}: ${file} is no tarball of a package`];
  const manifest = JSON.parse(text);
  const problems = [];
  if (manifest.name !== name || manifest.version !== version)
    problems.push(`${name}@${version}: its tarball is of ${manifest.name}@${manifest.version}`);
  for (const field of ['dependencies', 'optionalDependencies', 'peerDependencies'])
    for (const [dependency, range] of Object.entries(manifest[field] ?? {}))
      if (/^(workspace|link|file|catalog):/.test(range))
        problems.push(`${name}: ${field} asks for ${dependency}@${range}`);
  return problems;
}

/**
 * Publishes a tarball to the registry that npm is set to, unless that version is there already: a release that broke off
 * can be run again.
 *
 * @param {Tarball} tarball
 * @returns {Promise<boolean>} whether it was published now
 */
export async function publish({ name, version, file }, { dryRun = false } = {}) {
  if (await isPublished(name, version)) return false;
  // Manifests ask for provenance, which can be had only of a workflow that may prove who it is.
  const provenance = process.env.ACTIONS_ID_TOKEN_REQUEST_URL !== undefined;
  const args = [
    'publish',
    file,
    '--access',
    'public',
    `--provenance=${provenance}`,
    '--ignore-scripts',
    '--loglevel=error',
  ];
  await run('npm', dryRun ? [...args, '--dry-run'] : args, { cwd: path.dirname(file) });
  return true;
}

/**
 * Whether the registry that npm is set to has this version.
 *
 * @throws Error if it can't say
 */
export async function isPublished(name, version) {
  try {
    const { stdout } = await execute('npm', ['view', `${name}@${version}`, 'version', '--json']);
    return stdout.trim() !== '';
  } catch (error) {
    if (/E404/.test(`${error.stdout}${error.stderr}`)) return false;
    throw new Error(`npm view ${name}@${version}: ${error.stderr || error.message}`);
  }
}

/** Whether npm publishes to this machine. */
export async function isLocal() {
  const { stdout } = await execute('npm', ['config', 'get', 'registry']);
  return ['localhost', '127.0.0.1', '[::1]'].includes(new URL(stdout.trim()).hostname);
}
