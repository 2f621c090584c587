import type { LossDefinition } from './define.ts';
import type { InputSignature, Signature } from './shapes.ts';

const tokensOf = (pattern: string): string[] => pattern.trim().split(/\s+/).filter(Boolean);

/**
 * Ranks of a loss's inputs: those given, and for the required others and those `wanted`, what fits them. Where nothing
 * is given, `...` is one axis beside named ones (`(N, C)` logits, `(N)` labels) and two where it stands alone (a batch of
 * rows).
 */
export function signatureFor(
  definition: LossDefinition,
  given: ReadonlyMap<string, InputSignature>,
  wanted: readonly string[] = [],
): Signature {
  const specs = Object.entries(definition.inputs);
  const namesAxes = specs.some(([, { shape }]) => tokensOf(shape).length > 1 && shape.includes('...'));
  let rest = namesAxes ? 1 : 2;
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
  const taken = specs.filter(([name, { optional }]) => !optional || given.has(name) || wanted.includes(name));
  const known = taken.map(([name, { shape }]) => [name, given.get(name) ?? { rank: usual(shape) }] as const);
  const named = [...wanted.map((name) => [name, { rank: 0 }] as const), ...given];
  const unknown = named.filter(([name]) => !Object.hasOwn(definition.inputs, name));
  // An unknown name stays in, for the loss to refuse it with its own error.
  return Object.fromEntries([...known, ...unknown]);
}
