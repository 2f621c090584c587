import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { VectorFileJSON } from '@isoloss/conformance';
import { UsageError } from '../errors.ts';
import type { Package } from './packages.ts';
import { readManifest } from './packages.ts';
import { publicPackages } from './release.ts';

/** The source tree that this command belongs to, built. */
export interface Tree {
  /** Where its changesets are. */
  readonly root: string;
  /** The package that stands for all of them. */
  readonly main: Package;
  readonly packages: readonly Package[];
}

/**
 * The tree whose losses and backends this process runs.
 * @throws UsageError where the command is an installed one
 */
export async function ownTree(): Promise<Tree> {
  const own = fileURLToPath(new URL('../..', import.meta.url)).replace(/[\\/]$/, '');
  const parent = dirname(own);
  const root = dirname(parent);
  if (!existsSync(join(root, '.changeset')) && !existsSync(join(root, 'pnpm-workspace.yaml')))
    throw new UsageError(
      `contract compares the source tree that the command belongs to, and ${own} is installed; run it in a clone, after its build`,
    );
  const packages = await publicPackages(parent);
  const { name } = await readManifest(own);
  const main = packages.find(({ manifest }) => manifest.name === name);
  if (main === undefined) throw new UsageError(`${own} is private: there is no release of it to compare with`);
  return { root, main, packages };
}

/** The vector files in a folder as they are written, of all losses or of those named. */
export async function readVectors(folder: string, losses?: readonly string[]): Promise<VectorFileJSON[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.json')).sort();
  const wanted = files.filter((file) => losses?.includes(file.slice(0, -'.json'.length)) ?? true);
  return Promise.all(wanted.map(async (file) => JSON.parse(await readFile(join(folder, file), 'utf8'))));
}
