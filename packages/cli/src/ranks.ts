import type { InputSignature } from '@isoloss/core';
import { UsageError } from './errors.ts';
import { assignment } from './option-values.ts';

/**
 * `input=2,target=1` (`weight=2/0`: of rank 2, where axis 0 has the size 1 and is repeated).
 * @throws UsageError
 */
export function parseRanks(texts: readonly string[]): Map<string, InputSignature> {
  const ranks = new Map<string, InputSignature>();
  for (const text of texts.flatMap((list) => list.split(','))) {
    const [name, value] = assignment(text, '--rank');
    const match = /^(\d{1,2})(?:\/(\d+(?:\.\d+)*))?$/.exec(value);
    if (match === null)
      throw new UsageError(
        `--rank ${name}=${value}: a rank is a number, as in input=2, or weight=2/0 if its axis 0 is 1`,
      );
    const ones = match[2]?.split('.').map(Number) ?? [];
    const rank = Number(match[1]);
    if (ones.some((axis) => axis >= rank))
      throw new UsageError(`--rank ${name}=${value}: rank ${rank} has no such axis`);
    ranks.set(name, { rank, ...(ones.length > 0 ? { ones: ones.sort((a, b) => a - b) } : {}) });
  }
  return ranks;
}
