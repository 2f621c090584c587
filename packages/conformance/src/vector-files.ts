import { readdirSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { messageOf } from './text.ts';
import { parseVectors, type VectorFile, type VectorFileJSON } from './vectors.ts';

/** The vectors of this package. */
const ours = new URL('../vectors/', import.meta.url);

/** The losses that have vectors in this package, or in a folder of your own (`new URL('../vectors/', import.meta.url)`). */
export const vectorIds = async (folder: URL = ours): Promise<string[]> => idsOf(await readdir(folder));

/** The same at once, for test files, which name their tests while they are loaded. */
export const vectorIdsNow = (folder: URL = ours): string[] => idsOf(readdirSync(folder));

const idsOf = (files: readonly string[]): string[] =>
  files
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .sort();

/**
 * The vectors of this package, or of a folder of your own: of all losses or of those named.
 *
 * @throws Error that names the file and what is wrong with it
 */
export async function loadVectors(ids?: readonly string[], folder: URL = ours): Promise<VectorFile[]> {
  const wanted = ids ?? (await vectorIds(folder));
  return Promise.all(wanted.map((id) => loadFile(id, folder)));
}

async function loadFile(id: string, folder: URL): Promise<VectorFile> {
  const file = await vectorsJSON(id, folder);
  try {
    const vectors = parseVectors(file);
    if (vectors.loss !== id) throw new Error(`it says that it is of ${vectors.loss}`);
    return vectors;
  } catch (error) {
    throw new Error(`${fileName(id, folder)}: ${(error as Error).message}`, { cause: error });
  }
}

/**
 * The file of a loss as it is written, with what is withdrawn.
 * @throws Error that names the file, if it is not there or no JSON
 */
export async function vectorsJSON(id: string, folder: URL = ours): Promise<VectorFileJSON> {
  const file = new URL(`${id}.json`, folder);
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    const problem = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : messageOf(error);
    throw new Error(`${fileName(id, folder)}: ${problem}`, { cause: error });
  }
}

const fileName = (id: string, folder: URL): string => fileURLToPath(new URL(`${id}.json`, folder));
