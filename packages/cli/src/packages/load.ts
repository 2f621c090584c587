import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { type AnyLossFactory, lossesIn, registerLosses } from '@isoloss/core';
import { messageOf, UsageError } from '../errors.ts';
import { quietly } from '../quiet.ts';
import { type FoundPackage, findPackage } from './find.ts';
import { type LossPackage, loadedFrom, remember } from './loaded.ts';

/**
 * Loads a package of losses, by the name it is installed under or by its folder, and adds its losses to the catalogue of
 * this process: `findLoss`, `isoloss conformance` and {@link chooseBackend} know them from then on. Its code runs.
 *
 * @param from the folder from which a name is looked up, or a relative folder counts
 * @example
 * const { losses } = await loadLossPackage('my-loss');
 * const loss = lossFromJSON(losses[0], { reduction: 'sum' });
 * @throws UsageError with the remedy: it is not there, is no package of losses, throws when it is imported, has no losses,
 *   has one whose name is taken, or is made by another copy of @isoloss/core
 */
export async function loadLossPackage(nameOrFolder: string, from: string = process.cwd()): Promise<LossPackage> {
  const found = await findPackage(nameOrFolder, from);
  const known = loadedFrom(found.folder);
  if (known !== undefined) return known;
  const losses = lossesOf(found, await importOf(found));
  if (losses.length === 0)
    throw new UsageError(`${found.name} has no loss: ${found.module} exports nothing that defineLoss made`);
  try {
    registerLosses(losses);
  } catch (error) {
    throw new UsageError(`${found.name}: ${messageOf(error)}`);
  }
  const { name, version, folder, vectors } = found;
  return remember({ name, version, folder, vectors, losses: losses.map(({ id }) => id) });
}

async function importOf({ name, folder, module }: FoundPackage): Promise<Record<string, unknown>> {
  try {
    return await quietly(() => import(pathToFileURL(module).href));
  } catch (error) {
    const remedy =
      (error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND' ? `; npm install in ${folder}?` : '';
    throw new UsageError(`${name} can't be imported: ${messageOf(error)}${remedy}`, { cause: error });
  }
}

function lossesOf(found: FoundPackage, exports: Record<string, unknown>): AnyLossFactory[] {
  try {
    return lossesIn(exports);
  } catch (error) {
    const [theirs, own] = [coreFrom(found.module), coreFrom(import.meta.filename)];
    throw new UsageError(
      `${found.name}: ${messageOf(error)}: ${theirs ?? 'one inside of it'} and ${own ?? 'the command’s'}; run the isoloss that is installed beside it (npm install --save-dev isoloss, then npx isoloss), with core as a peer dependency of ${found.name}`,
    );
  }
}

/** Version and place of the copy of core that a file gets. */
function coreFrom(file: string): string | undefined {
  try {
    const require = createRequire(file);
    const manifest = require.resolve('@isoloss/core/package.json');
    return `${require(manifest).version} in ${path.dirname(realpathSync(manifest))}`;
  } catch {
    return undefined;
  }
}
