import type { FloatDType, InputSignature, Loss } from '@isoloss/core';
import { UsageError } from './errors.ts';
import type { GraphFlags } from './graph-flags.ts';
import { type LossFlags, typedOptions } from './loss-flags.ts';
import { assignment, lossWith } from './option-values.ts';
import { parseRanks } from './ranks.ts';

/** What a loss is written as. */
export interface GraphRequest {
  readonly loss: Loss;
  readonly ranks: ReadonlyMap<string, InputSignature>;
  readonly labels: 'int32' | 'int64';
  readonly upstream: boolean;
  readonly guard: boolean;
}

/**
 * The flags of {@link GraphFlags}, and the loss's own, as what they mean.
 * @throws UsageError, LossInputError BAD_OPTION
 */
export function graphRequest(own: LossFlags, flags: GraphFlags, values: Record<string, unknown>): GraphRequest {
  const typed = typedOptions(own, values);
  for (const text of flags.option ?? []) typed.set(...assignment(text, '--option'));
  const { labels, upstream = false, guard } = flags;
  if (labels !== 'int32' && labels !== 'int64') throw new UsageError(`--labels is int32 or int64, not ${labels}`);
  return { loss: lossWith(own.definition, typed), ranks: parseRanks(flags.rank ?? []), labels, upstream, guard };
}

/** @throws UsageError */
export function floatDType(text: string): FloatDType {
  if (text !== 'float32' && text !== 'float64') throw new UsageError(`--dtype is float32 or float64, not ${text}`);
  return text;
}

/** An entry of a model's interface as a row of a table. */
export const interfaceRow = (
  kind: 'in' | 'out',
  { name, dtype, shape }: { name: string; dtype?: string | undefined; shape?: readonly unknown[] | undefined },
): string[] => [
  `  ${kind}`,
  name,
  dtype ?? '?',
  shape === undefined ? '(?)' : `(${shape.map((dim) => dim ?? '?').join(', ')})`,
];
