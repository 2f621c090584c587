import { readFile } from 'node:fs/promises';
import { badFile } from './errors.ts';

/**
 * A file as it is.
 * @throws LossInputError BAD_FILE with why it can't be read
 */
export const readBytes = (file: string, input: string): Promise<Buffer> =>
  readFile(file).catch((error: NodeJS.ErrnoException) => {
    const why: Record<string, string> = {
      ENOENT: 'there is no such file',
      EISDIR: 'is a folder',
      EACCES: 'may not be read',
      ERR_FS_FILE_TOO_LARGE: 'is larger than 2 GB',
    };
    throw badFile(file, why[error.code ?? ''] ?? error.message, input);
  });
