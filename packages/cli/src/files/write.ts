import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { type LossResult, tensorToJSON } from '@isoloss/core';
import { UsageError } from '../errors.ts';
import { writeNpy } from './npy.ts';

/**
 * Writes results where the user wants them: everything in one .json file, the value alone in a .npy file, or a folder
 * with value.npy and gradient-<input>.npy.
 */
export async function writeResult(path: string, { value, gradients }: LossResult): Promise<void> {
  const ending = extname(path).toLowerCase();
  const names = Object.keys(gradients);
  try {
    if (ending === '.json') {
      const entries = Object.entries(gradients).map(([name, tensor]) => [name, tensorToJSON(tensor)]);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(
        path,
        `${JSON.stringify({ value: tensorToJSON(value), gradients: Object.fromEntries(entries) })}\n`,
      );
    } else if (ending === '.npy') {
      if (names.length > 0)
        throw new UsageError(`a .npy file holds one array; with --gradients --output is a folder or a .json file`);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, writeNpy(value));
    } else if (ending !== '') {
      throw new UsageError(`--output writes .json, .npy or a folder, not ${ending}`);
    } else {
      await mkdir(path, { recursive: true });
      await writeFile(join(path, 'value.npy'), writeNpy(value));
      for (const name of names) await writeFile(join(path, `gradient-${name}.npy`), writeNpy(gradients[name]!));
    }
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`--output ${path}: ${(error as Error).message}`);
  }
}
