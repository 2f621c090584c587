import type { FloatDType, Tensor } from '@isoloss/core';
import type { OutputBound } from './error-bound.ts';
import { type FloatFormat, formats, ulpOf } from './float.ts';
import type { ExpectedTensor } from './vectors.ts';

/**
 * How closely a result must match. `accurate`: within the bound derived for each element; what every backend of ours
 * holds. `conforming`: normwise, 64·u·(max|value| + S + the scale of the intermediates); what is asked of others.
 */
export type Grade = 'accurate' | 'conforming';

/** One element, expected and got. */
export interface ElementResult {
  /** `value`, or the input whose gradient it is. */
  readonly output: string;
  /** Flat row-major position. */
  readonly index: number;
  readonly got: number;
  /** The exact result, as the nearest float64. */
  readonly exact: number;
  readonly error: number;
  /** Largest error that the grade allows. */
  readonly allowed: number;
  /** error / allowed: at most 1 passes. */
  readonly ratio: number;
  /** The error in units of the last place of the exact result; 0 where it has none (0), and for what may be flushed. */
  readonly ulp: number;
  /** Whether the bound says nothing, since the element may leave the format's range on the way. */
  readonly indeterminate: boolean;
  readonly passed: boolean;
  /** What the other backends of the run gave for this element, by id. */
  readonly others?: Readonly<Record<string, number>>;
}

/** An output beside the exact result. */
export interface Comparison {
  readonly passed: boolean;
  /** The grade that was reached; undefined: neither. */
  readonly reached: Grade | undefined;
  readonly elements: number;
  readonly indeterminate: number;
  /** Elements that do not match, at most {@link keptFailures}. */
  readonly failures: readonly ElementResult[];
  /** The element nearest to its limit, or farthest over it. */
  readonly worst: ElementResult | undefined;
  readonly worstUlp: ElementResult | undefined;
  /** The element farthest over its derived bound, whatever the grade; undefined where all are within. */
  readonly inaccurate?: ElementResult | undefined;
  /** What is wrong as a whole: a missing output, a wrong shape or dtype. */
  readonly problem?: string;
}

/** How many elements that fail are kept of an output. */
export const keptFailures = 16;

/** Compares one output with the exact result, element by element. NaN matches NaN only, an infinity itself only; −0 is 0. */
export function compareOutput(
  output: string,
  got: Tensor | undefined,
  expected: ExpectedTensor,
  bound: OutputBound,
  { dtype, grade = 'accurate' }: { readonly dtype: FloatDType; readonly grade?: Grade },
): Comparison {
  const problem = problemOf(output, got, expected, bound, dtype);
  if (problem !== undefined)
    return {
      passed: false,
      reached: undefined,
      elements: expected.value.length,
      indeterminate: 0,
      failures: [],
      worst: undefined,
      worstUlp: undefined,
      problem,
    };
  const format = formats[dtype];
  const norm = normOf(expected, bound, format);
  let [accurate, conforming] = [true, true];
  let inaccurate: ElementResult | undefined;
  const results = Array.from(expected.value, (_, index) => {
    const strict = compareElement(output, index, got!, expected, bound.bound[index]!, format);
    const sensitivity = expected.sensitivity?.[index] ?? 0;
    const loose = compareElement(output, index, got!, expected, 64 * format.u * (norm + finite(sensitivity)), format);
    accurate &&= strict.passed;
    if (!strict.passed && !(inaccurate !== undefined && inaccurate.ratio >= strict.ratio)) inaccurate = strict;
    conforming &&= loose.passed || strict.passed;
    return grade === 'accurate' || (strict.passed && !loose.passed) ? strict : loose;
  });
  const reached = accurate ? 'accurate' : conforming ? 'conforming' : undefined;
  return { ...summarize(results, reached), ...(inaccurate === undefined ? {} : { inaccurate }) };
}

const finite = (x: number): number => (Number.isFinite(x) ? x : 0);

function problemOf(
  output: string,
  got: Tensor | undefined,
  expected: ExpectedTensor,
  bound: OutputBound,
  dtype: FloatDType,
): string | undefined {
  if (got === undefined) return `${output} is missing`;
  if (got.dtype !== dtype) return `${output} is ${got.dtype}, not ${dtype}`;
  const shape = `[${expected.shape.join(', ')}]`;
  if (got.shape.join() !== expected.shape.join()) return `${output} has shape [${got.shape.join(', ')}], not ${shape}`;
  if (got.data.length !== expected.value.length)
    return `${output} holds ${got.data.length} numbers where shape ${shape} needs ${expected.value.length}`;
  if (bound.bound.length !== expected.value.length)
    return `the definition gives ${output} of shape [${bound.shape.join(', ')}], not ${shape}`;
  return undefined;
}

/** The largest finite magnitude of the output or on the way to it. */
function normOf({ value }: ExpectedTensor, { scale }: OutputBound, { max }: FloatFormat): number {
  let norm = scale;
  for (const entry of value) if (Number.isFinite(entry)) norm = Math.max(norm, Math.abs(entry));
  return Math.min(norm, max);
}

function compareElement(
  output: string,
  index: number,
  { data }: Tensor,
  { value, low }: ExpectedTensor,
  bound: number,
  format: FloatFormat,
): ElementResult {
  const [got, exact] = [data[index]!, value[index]!];
  const element = { output, index, got, exact };
  // What the format can't hold is infinite in it; within half an ULP of its largest number it may be either.
  const target = Math.abs(exact) > format.max ? inFormat(exact, format) : exact;
  // A NaN bound allows nothing: the definition has no value of its own there.
  const same = got === target ? low[index] === 0 || !Number.isFinite(target) : Object.is(got, target);
  if (same && !Number.isNaN(bound))
    return { ...element, error: 0, allowed: bound, ratio: 0, ulp: 0, indeterminate: false, passed: true };
  if (bound === Number.POSITIVE_INFINITY)
    return {
      ...element,
      error: Math.abs(got - exact),
      allowed: bound,
      ratio: 0,
      ulp: 0,
      indeterminate: true,
      passed: true,
    };
  if (!Number.isFinite(target) || !Number.isFinite(got)) {
    const wrong = Number.POSITIVE_INFINITY;
    return { ...element, error: wrong, allowed: bound, ratio: wrong, ulp: wrong, indeterminate: false, passed: false };
  }
  // The difference is taken first: got − value is exact or nearly so where they are close, and low is what it lacks.
  const error = Math.abs(got - exact - low[index]!);
  const allowed = bound + format.tiny;
  const ratio = error / allowed;
  const passed = error <= allowed;
  return {
    ...element,
    error,
    allowed,
    ratio: Number.isNaN(ratio) ? Number.POSITIVE_INFINITY : ratio,
    ulp: exact === 0 || error <= format.tiny ? 0 : error / ulpOf(exact, format),
    indeterminate: false,
    passed,
  };
}

const inFormat = (x: number, format: FloatFormat): number => {
  const rounded = format.round(x);
  return Math.abs(rounded) > format.max ? Math.sign(x) * Number.POSITIVE_INFINITY : rounded;
};

function summarize(results: readonly ElementResult[], reached: Grade | undefined): Comparison {
  const failures = results.filter(({ passed }) => !passed);
  return {
    passed: failures.length === 0,
    reached,
    elements: results.length,
    indeterminate: results.filter(({ indeterminate }) => indeterminate).length,
    failures: failures.slice(0, keptFailures),
    worst: largest(results, ({ ratio }) => ratio),
    worstUlp: largest(results, ({ ulp }) => ulp),
  };
}

function largest(
  results: readonly ElementResult[],
  measure: (result: ElementResult) => number,
): ElementResult | undefined {
  let best: ElementResult | undefined;
  for (const result of results) if (best === undefined || measure(result) > measure(best)) best = result;
  return best;
}

/** One comparison of several outputs. */
export function combineComparisons(parts: readonly Comparison[]): Comparison {
  const problem = parts.find((part) => part.problem !== undefined)?.problem;
  const worst = parts.flatMap((part) => (part.worst ? [part.worst] : []));
  const worstUlp = parts.flatMap((part) => (part.worstUlp ? [part.worstUlp] : []));
  const inaccurate = largest(
    parts.flatMap((part) => (part.inaccurate ? [part.inaccurate] : [])),
    ({ ratio }) => ratio,
  );
  return {
    passed: parts.every((part) => part.passed),
    reached: parts.every((part) => part.reached === 'accurate')
      ? 'accurate'
      : parts.every((part) => part.reached !== undefined)
        ? 'conforming'
        : undefined,
    elements: parts.reduce((total, part) => total + part.elements, 0),
    indeterminate: parts.reduce((total, part) => total + part.indeterminate, 0),
    failures: parts.flatMap((part) => part.failures).slice(0, keptFailures),
    worst: largest(worst, ({ ratio }) => ratio),
    worstUlp: largest(worstUlp, ({ ulp }) => ulp),
    ...(inaccurate === undefined ? {} : { inaccurate }),
    ...(problem === undefined ? {} : { problem }),
  };
}
