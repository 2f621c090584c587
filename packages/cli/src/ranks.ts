import type { InputSignature, LossDefinition, Signature } from '@isoloss/core';
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

const tokensOf = (pattern: string): string[] => pattern.trim().split(/\s+/).filter(Boolean);

/**
 * Ranks of a loss's inputs: those given, and for the required others what fits them. Where nothing is given, `...` is
 * one axis beside named ones (`(N, C)` logits, `(N)` labels) and two where it stands alone (a batch of rows).
 */
export function signatureFor(definition: LossDefinition, given: ReadonlyMap<string, InputSignature>): Signature {
  const specs = Object.entries(definition.inputs);
  const named = specs.some(([, { shape }]) => tokensOf(shape).length > 1 && shape.includes('...'));
  let rest = named ? 1 : 2;
  let alternative = 0;
  for (const [name, spec] of specs) {
    const rank = given.get(name)?.rank;
    if (rank === undefined || spec.broadcast) continue;
    const patterns = spec.shape.split('|').map(tokensOf);
    if (patterns.length > 1)
      alternative = Math.max(
        0,
        patterns.findIndex((tokens) => tokens.length === rank),
      );
    else if (spec.shape.includes('...')) {
      rest = Math.max(0, rank - (patterns[0]!.length - 1));
      break;
    }
  }
  const usual = (shape: string): number => {
    const patterns = shape.split('|').map(tokensOf);
    const tokens = patterns[Math.min(alternative, patterns.length - 1)]!;
    return tokens.includes('...') ? tokens.length - 1 + rest : tokens.length;
  };
  const wanted = specs.filter(([name, { optional }]) => !optional || given.has(name));
  const known = wanted.map(([name, { shape }]) => [name, given.get(name) ?? { rank: usual(shape) }] as const);
  const unknown = [...given].filter(([name]) => !Object.hasOwn(definition.inputs, name));
  // An unknown name stays in, for the loss to refuse it with its own error.
  return Object.fromEntries([...known, ...unknown]);
}
