import { type FloatDType, findLoss, makeLoss } from '@isoloss/core';
import { lossBounds, type OutputBound } from './error-bound.ts';
import type { Accuracy } from './error-rules.ts';
import { formats } from './float.ts';
import { exceptionFor, type StabilityException } from './stability-exceptions.ts';
import type { ExpectedTensor, VectorCase } from './vectors.ts';

/**
 * Elementary functions as good as a good library has them: what remains is the definition's own. A runtime's poorer
 * functions widen its bounds, not the judgement of the formula.
 */
const ideal: Accuracy = { div: 0.5, sqrt: 0.5, exp: 1, log: 1, log1p: 1, expm1: 1, pow: 1 };

/** A definition may lose this many units of roundoff beside what rounding its inputs costs anyway. */
export const stabilityLimit = 64;

/** The flag of a case that the vectors themselves exempt; its note gives the reason. */
export const unstableFlag = 'stability-exception';

/** One number’s bound beside the condition of its problem. */
export interface StabilityElement {
  readonly index: number;
  readonly value: number;
  readonly sensitivity: number;
  readonly bound: number;
  /** bound / (u·(|value| + S) + tiny). */
  readonly factor: number;
  /** The element may leave the range on the way, although its exact value is in it: a defect of the definition. */
  readonly indeterminate: boolean;
}

/** How stable a definition is in one output of one case. */
export interface Stability {
  readonly id: string;
  readonly output: string;
  readonly dtype: FloatDType;
  /** The largest factor of an element; ∞ if one is indeterminate. */
  readonly factor: number;
  /** The largest bound against u·max(|value| + S): the output judged as a whole. */
  readonly normwise: number;
  readonly worst: StabilityElement | undefined;
  readonly elements: readonly StabilityElement[];
  readonly exception: StabilityException | undefined;
  /** Every element within {@link stabilityLimit}, or the whole within its exception's limit. */
  readonly stable: boolean;
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
    judge(entry, 'value', expected.value, bounds.value, dtype),
    ...Object.entries(expected.gradients).map(([name, gradient]) =>
      judge(entry, name, gradient, bounds.gradients[name]!, dtype),
    ),
  ];
}

/** One line: where, by how much, and at which element. */
export const stabilityInWords = ({ id, output, dtype, factor, normwise, worst }: Stability): string =>
  `${id} ${output} in ${dtype}: factor ${factor.toPrecision(3)}, as a whole ${normwise.toPrecision(3)} (element ${worst?.index}: ${worst?.value} ± ${worst?.bound}, S ${worst?.sensitivity})`;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function judge(
  { id, flags }: VectorCase,
  output: string,
  expected: ExpectedTensor,
  { bound }: OutputBound,
  dtype: FloatDType,
): Stability {
  const { u, tiny, max } = formats[dtype];
  let [widest, largest] = [0, 0];
  const elements = Array.from(expected.value, (value, index): Mutable<StabilityElement> => {
    const sensitivity = expected.sensitivity?.[index] ?? 0;
    // What is infinite, NaN, or too large for the format has no relative error.
    const inRange = Math.abs(value) <= max;
    const judged = inRange && Number.isFinite(sensitivity);
    const indeterminate = inRange && !(bound[index]! < Number.POSITIVE_INFINITY);
    if (judged) {
      widest = Math.max(widest, bound[index]!);
      largest = Math.max(largest, Math.abs(value) + sensitivity);
    }
    const factor = judged ? bound[index]! / (u * (Math.abs(value) + sensitivity) + tiny) : 0;
    return { index, value, sensitivity, bound: bound[index]!, factor, indeterminate };
  });
  const normwise = widest / (u * largest + tiny);
  // An exact 0 that no input moves has no scale of its own: it is judged by its output's, and in an output of nothing else
  // there is nothing to judge by. (A weighted mean does not depend on a weight that all its terms share.)
  for (const element of elements)
    if (element.value === 0 && element.sensitivity === 0) element.factor = largest === 0 ? 0 : normwise;
  const worst = elements.reduce<StabilityElement | undefined>(
    (before, element) => (before === undefined || element.factor > before.factor ? element : before),
    undefined,
  );
  const factor = elements.some(({ indeterminate }) => indeterminate) ? Number.POSITIVE_INFINITY : (worst?.factor ?? 0);
  const exception = factor <= stabilityLimit ? undefined : exceptionFor(id, output);
  return {
    id,
    output,
    dtype,
    factor,
    normwise,
    worst,
    elements,
    exception,
    stable:
      factor <= stabilityLimit ||
      flags.includes(unstableFlag) ||
      (exception !== undefined && (normwise <= exception.limit || exception.limit === Number.POSITIVE_INFINITY)),
  };
}
