import { existsSync } from 'node:fs';
import { extname } from 'node:path';
import type { FileArray } from './array.ts';
import { readBytes } from './bytes.ts';
import { readCSV } from './csv.ts';
import { badFile } from './errors.ts';
import { readJSON } from './json.ts';
import { readNpy } from './npy.ts';

/** `[[1,2],[3,4]]`, `{"dtype": …}`, `0.5`, `-1e3`, `NaN`: a value on the command line instead of a file. */
const literal = /^\s*([[{]|[+-]?(\d|\.\d|Infinity|NaN)[\w.+-]*\s*$)/;

/**
 * An input as the user gave it: a file (.npy, .json, .csv), or a literal.
 * @throws LossInputError BAD_FILE or BAD_TENSOR with what is wrong and where
 */
export async function readArray(source: string, input: string): Promise<FileArray> {
  if (literal.test(source) && !existsSync(source)) return readJSON(source, `--${input}`, input);
  const bytes = await readBytes(source, input);
  switch (formatOf(source, bytes)) {
    case 'npy':
      return readNpy(bytes, source, input);
    case 'json':
      return readJSON(bytes.toString('utf8'), source, input);
    case 'csv':
      return readCSV(bytes.toString('utf8'), source, input);
    default:
      throw badFile(source, 'is neither .npy, .json nor .csv (an .npz: save each array by np.save)', input);
  }
}

/** By the name's ending; by the first bytes where it says nothing. */
function formatOf(source: string, bytes: Buffer): 'npy' | 'json' | 'csv' | undefined {
  const ending = extname(source).toLowerCase();
  if (ending === '.npy' || ending === '.json') return ending.slice(1) as 'npy' | 'json';
  if (ending === '.csv' || ending === '.tsv' || ending === '.txt') return 'csv';
  if (bytes.toString('latin1', 0, 6) === '\x93NUMPY') return 'npy';
  return /^\s*[[{]/.test(bytes.toString('latin1', 0, 64)) ? 'json' : undefined;
}
