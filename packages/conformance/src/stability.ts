import { type FloatDType, findLoss, makeLoss } from '@isoloss/core';
import { lossBounds, type OutputBound } from './error-bound.ts';
import type { Accuracy } from './error-rules.ts';
import { formats } from './float.ts';
import type { ExpectedTensor, VectorCase } from './vectors.ts';

/**
 * Elementary functions as good as a good library has them: what remains is the definition's own. A runtime's poorer
 * functions widen its bounds, not the judgement of the formula.
 */
const ideal: Accuracy = { div: 0.5, sqrt: 0.5, exp: 1, log: 1, log1p: 1, expm1: 1, pow: 1 };

/** A definition may lose this many units of roundoff beside what rounding its inputs costs anyway. */
export const stabilityLimit = 64;

/** The flag, with a note that gives the reason, of a case in which a definition is known to be less stable. */
export const unstableFlag = 'stability-exception';

export interface Stability {
  readonly output: string;
  readonly index: number;
  readonly value: number;
  readonly sensitivity: number;
  readonly bound: number;
  /** bound / (u·(|value| + S) + tiny). */
  readonly factor: number;
  /** The element may leave the range on the way, although its exact value is in it: a defect of the definition. */
  readonly indeterminate: boolean;
}

/**
 * How stable the definition is on a case: the bound of each element against what the problem itself is sensitive to,
 * u·(|value| + S) with S = Σ|xᵢ·∂f/∂xᵢ|. Judged apart from backends, since an unstable formula earns itself a wide bound.
 */
export function stabilityOf(entry: VectorCase, dtype: FloatDType): Stability[] {
  const { expected } = entry;
  if ('error' in expected) return [];
  const loss = makeLoss(findLoss(entry.loss), entry.options);
  const bounds = lossBounds(loss, entry.inputs, {
    dtype,
    accuracy: ideal,
    gradients: Object.keys(expected.gradients),
  });
  return [
    ...elements('value', expected.value, bounds.value, dtype),
    ...Object.entries(expected.gradients).flatMap(([name, gradient]) =>
      elements(name, gradient, bounds.gradients[name]!, dtype),
    ),
  ];
}

function elements(output: string, expected: ExpectedTensor, { bound }: OutputBound, dtype: FloatDType): Stability[] {
  const { u, tiny, max } = formats[dtype];
  return Array.from(expected.value, (value, index): Stability => {
    const sensitivity = expected.sensitivity?.[index] ?? 0;
    const inRange = Math.abs(value) <= max;
    const judged = inRange && Number.isFinite(sensitivity);
    return {
      output,
      index,
      value,
      sensitivity,
      bound: bound[index]!,
      factor: judged ? bound[index]! / (u * (Math.abs(value) + sensitivity) + tiny) : 0,
      indeterminate: inRange && !(bound[index]! < Number.POSITIVE_INFINITY),
    };
  });
}
