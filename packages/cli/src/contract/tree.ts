import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { VectorFileJSON } from '@isoloss/conformance';
import { type CatalogueEntry, catalogue, describeLoss } from '@isoloss/core';
import { UsageError } from '../errors.ts';
import type { LossPackage } from '../packages/loaded.ts';
import { type Package, readManifest } from './packages.ts';
import { publicPackages } from './release.ts';

/** A source tree, built: the one that this command belongs to, or a package of losses that is loaded in this process. */
export interface Tree {
  /** Where its changesets are. */
  readonly root: string;
  /** The package that stands for all of them. */
  readonly main: Package;
  readonly packages: readonly Package[];
  readonly losses: readonly CatalogueEntry[];
  /** The folder of its vectors. */
  readonly vectors: string;
  /** Set for a package of losses, which runs on the backends of this command. */
  readonly of: LossPackage | undefined;
}

/** As catalogue.json has them. */
const describe = (ids: Iterable<string>): CatalogueEntry[] =>
  JSON.parse(JSON.stringify([...ids].map((id) => describeLoss(catalogue.get(id)!))));

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
      `${own} is installed, and contract compares the source tree that the command belongs to: run it in a clone, after its build; --package compares a package of losses`,
    );
  const packages = await publicPackages(parent);
  const named = (name: string) => packages.find(({ manifest }) => manifest.name === name);
  const main = named((await readManifest(own)).name);
  const conformance = named('@isoloss/conformance');
  if (main === undefined || conformance === undefined)
    throw new UsageError(`${own} is not released with @isoloss/conformance, so there is no release to compare with`);
  const vectors = join(conformance.folder, 'vectors');
  return { root, main, packages, losses: describe(catalogue.keys()), vectors, of: undefined };
}

/**
 * A package of losses as a tree; its changesets may be in a folder above.
 * @throws UsageError where it has no vectors
 */
export async function packageTree(of: LossPackage): Promise<Tree> {
  if (of.vectors === undefined)
    throw new UsageError(`${of.name} has no vectors, and they are what its numbers are held to`);
  const main = { folder: of.folder, manifest: await readManifest(of.folder) };
  const root = above(of.folder, '.changeset/config.json') ?? of.folder;
  return { root, main, packages: [main], losses: describe(of.losses), vectors: of.vectors, of };
}

function above(folder: string, file: string): string | undefined {
  if (existsSync(join(folder, file))) return folder;
  return dirname(folder) === folder ? undefined : above(dirname(folder), file);
}

/** The vector files in a folder as they are written, of all losses or of those named. */
export async function readVectors(folder: string, losses?: readonly string[]): Promise<VectorFileJSON[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.json')).sort();
  const wanted = files.filter((file) => losses?.includes(file.slice(0, -'.json'.length)) ?? true);
  return Promise.all(wanted.map(async (file) => JSON.parse(await readFile(join(folder, file), 'utf8'))));
}
