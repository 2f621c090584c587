import { pathToFileURL } from 'node:url';
import { loadVectors, type VectorFile, type VectorFileJSON, vectorIds, vectorsJSON } from '@isoloss/conformance';
import { UsageError } from '../errors.ts';
import { type LossPackage, loadedPackages, packageOf } from './loaded.ts';

const folderOf = ({ vectors }: LossPackage): URL | undefined =>
  vectors === undefined ? undefined : pathToFileURL(`${vectors}/`);

/** The losses that have vectors: the catalogue's own, and after them those of the packages that are loaded. */
export async function allVectorIds(): Promise<string[]> {
  const theirs = await Promise.all(loadedPackages().map(async (one) => idsOf(one)));
  return [...(await vectorIds()), ...theirs.flat()];
}

/**
 * The losses of the packages, all of which have vectors.
 * @throws UsageError if one has none, or there are some of no loss
 */
export async function packageVectorIds(): Promise<string[]> {
  for (const one of loadedPackages()) {
    const ids = await idsOf(one);
    const without = one.losses.find((id) => !ids.includes(id));
    if (without !== undefined)
      throw new UsageError(
        `${one.name} has no vectors of ${without}; isoloss vectors makes them from an oracle in Python, or choose others with --loss`,
      );
    const stray = ids.find((id) => !one.losses.includes(id));
    if (stray !== undefined)
      throw new UsageError(
        `${one.name} has vectors of ${stray}, and exports no such loss; it has ${one.losses.join(', ')}`,
      );
  }
  return loadedPackages().flatMap(({ losses }) => losses);
}

async function idsOf(one: LossPackage): Promise<string[]> {
  const folder = folderOf(one);
  if (folder === undefined) return [];
  try {
    return await vectorIds(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** The vectors of these losses, whoever's they are; of all of the catalogue's own where left out. */
export async function loadVectorsOf(ids?: readonly string[]): Promise<VectorFile[]> {
  if (ids === undefined) return loadVectors();
  const loads = ids.map(async (id) => (await loadVectors([id], sourceOf(id)))[0]!);
  return Promise.all(loads);
}

/** The file of a loss as it is written, whoever's it is. */
export const vectorsJSONOf = (id: string): Promise<VectorFileJSON> => vectorsJSON(id, sourceOf(id));

function sourceOf(id: string): URL | undefined {
  const theirs = packageOf(id);
  return theirs === undefined ? undefined : folderOf(theirs);
}
