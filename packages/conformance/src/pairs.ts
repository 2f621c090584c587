import type { FloatDType, Tensor } from '@isoloss/core';
import type { LossBounds, OutputBound } from './error-bound.ts';
import { type FloatFormat, formats, ulpOf } from './float.ts';
import type { SubjectAnswer } from './subject.ts';
import type { VectorCase } from './vectors.ts';

/** Where two backends are furthest apart. */
export interface PairElement {
  readonly id: string;
  /** `value`, or the input whose gradient it is. */
  readonly output: string;
  readonly index: number;
  /** What the one and what the other gave. */
  readonly a: number;
  readonly b: number;
  /** |a − b| in units of the last place of the larger. */
  readonly ulp: number;
}

/** Two backends against each other, on one loss in one dtype: what a migration from one to the other changes. */
export interface Pair {
  readonly a: string;
  readonly b: string;
  readonly loss: string;
  readonly dtype: FloatDType;
  /** Cases in which both gave numbers. */
  readonly cases: number;
  /** Of those, the cases in which all numbers are the same, bit for bit but for the sign of 0. */
  readonly same: number;
  /** Of those, the cases in which a number differs by more than the rounding of both explains. */
  readonly apart: number;
  /** Cases in which one gave numbers and the other refused or failed to answer; skipped ones are not counted. */
  readonly oneSided: number;
  /** The largest disagreement; undefined where no number differs. */
  readonly worst?: PairElement;
}

/** What one backend did with one case: numbers, `undefined` for a refusal or an error, or that it was skipped. */
export type Given = Exclude<SubjectAnswer, { skipped: unknown }> | undefined | 'skipped';

export interface Contestant {
  readonly id: string;
  readonly answers: ReadonlyMap<string, Given>;
  /** How far a correct backend of this one's accuracy may be off; undefined where that is not known. */
  bounds(entry: VectorCase): LossBounds | undefined;
}

/** Compares every two of those that ran the cases of a loss in a dtype. */
export function comparePairs(
  loss: string,
  dtype: FloatDType,
  cases: readonly VectorCase[],
  contestants: readonly Contestant[],
): Pair[] {
  return contestants.flatMap((a, k) => contestants.slice(k + 1).map((b) => comparePair(loss, dtype, cases, a, b)));
}

function comparePair(
  loss: string,
  dtype: FloatDType,
  cases: readonly VectorCase[],
  a: Contestant,
  b: Contestant,
): Pair {
  const count = { cases: 0, same: 0, apart: 0, oneSided: 0 };
  let worst: PairElement | undefined;
  for (const entry of cases) {
    const [left, right] = [a.answers.get(entry.id), b.answers.get(entry.id)];
    if (left === 'skipped' || right === 'skipped' || (left === undefined && right === undefined)) continue;
    if (left === undefined || right === undefined) {
      count.oneSided++;
      continue;
    }
    const found = compareAnswers(entry, left, right, [a.bounds(entry), b.bounds(entry)], formats[dtype]);
    count.cases++;
    if (found.same) count.same++;
    if (found.apart) count.apart++;
    if (found.worst !== undefined && (worst === undefined || found.worst.ulp > worst.ulp)) worst = found.worst;
  }
  return { a: a.id, b: b.id, loss, dtype, ...count, ...(worst === undefined ? {} : { worst }) };
}

type Bounds = readonly [LossBounds | undefined, LossBounds | undefined];

function compareAnswers(
  { id, expected }: VectorCase,
  a: Exclude<Given, undefined | 'skipped'>,
  b: Exclude<Given, undefined | 'skipped'>,
  bounds: Bounds,
  format: FloatFormat,
): { same: boolean; apart: boolean; worst: PairElement | undefined } {
  let [same, apart] = [true, false];
  let worst: PairElement | undefined;
  const compare = (output: string, x: Tensor, y: Tensor, exact: ArrayLike<number> | undefined, of: OutputBounds) => {
    if (x.data.length !== y.data.length || x.shape.join() !== y.shape.join()) {
      [same, apart] = [false, true];
      const ulp = Number.POSITIVE_INFINITY;
      worst = { id, output, index: 0, a: x.data[0] ?? Number.NaN, b: y.data[0] ?? Number.NaN, ulp };
      return;
    }
    for (let k = 0; k < x.data.length; k++) {
      const [p, q] = [x.data[k]!, y.data[k]!];
      if (p === q || (Number.isNaN(p) && Number.isNaN(q))) continue;
      same = false;
      const ulp = ulpsApart(p, q, format);
      // Numbers around an exact 0 have no unit of their own: whether they are near enough is for the bounds to say.
      const unit = exact === undefined || exact[k] !== 0;
      if (unit && (worst === undefined || ulp > worst.ulp)) worst = { id, output, index: k, a: p, b: q, ulp };
      const allowed = of === undefined ? undefined : of[0].bound[k]! + of[1].bound[k]! + 2 * format.tiny;
      if (allowed !== undefined && !(allowed === Number.POSITIVE_INFINITY || Math.abs(p - q) <= allowed)) apart = true;
    }
  };
  const exact = 'error' in expected ? undefined : expected;
  const [left, right] = bounds;
  const both = (pick: (of: LossBounds) => OutputBound | undefined): OutputBounds => {
    const pair = [left && pick(left), right && pick(right)];
    return pair[0] === undefined || pair[1] === undefined ? undefined : [pair[0], pair[1]];
  };
  compare(
    'value',
    a.value,
    b.value,
    exact?.value.value,
    both(({ value }) => value),
  );
  for (const [name, x] of Object.entries(a.gradients)) {
    const y = b.gradients[name];
    if ('skipped' in x || y === undefined || 'skipped' in y) continue;
    compare(
      name,
      x,
      y,
      exact?.gradients[name]?.value,
      both(({ gradients }) => gradients[name]),
    );
  }
  return { same, apart, worst };
}

type OutputBounds = readonly [OutputBound, OutputBound] | undefined;

/** |a − b| in units of the last place of the larger; 0 for what may be flushed, ∞ between a number and none. */
export function ulpsApart(a: number, b: number, format: FloatFormat): number {
  if (Object.is(a, b) || a === b) return 0;
  const difference = Math.abs(a - b);
  if (!Number.isFinite(difference)) return Number.POSITIVE_INFINITY;
  if (difference <= format.tiny) return 0;
  return difference / ulpOf(Math.max(Math.abs(a), Math.abs(b)), format);
}

/** All losses of a pair in one: the row of a table of pairs. */
export interface PairSummary extends Omit<Pair, 'loss' | 'worst'> {
  /** Where it is furthest apart, and in which loss. */
  readonly worst?: PairElement & { readonly loss: string };
  /** Losses with a case that rounding does not explain, or that only one of the two answers. */
  readonly losses: readonly string[];
}

/** Adds the losses of every pair up. */
export function summarizePairs(pairs: readonly Pair[]): PairSummary[] {
  const rows = new Map<string, PairSummary>();
  for (const { loss, worst, ...pair } of pairs) {
    const key = [pair.a, pair.b, pair.dtype].join('\n');
    const row = rows.get(key) ?? { ...pair, cases: 0, same: 0, apart: 0, oneSided: 0, losses: [] };
    const further = worst !== undefined && !(row.worst !== undefined && row.worst.ulp >= worst.ulp);
    rows.set(key, {
      ...row,
      cases: row.cases + pair.cases,
      same: row.same + pair.same,
      apart: row.apart + pair.apart,
      oneSided: row.oneSided + pair.oneSided,
      losses: pair.apart + pair.oneSided > 0 ? [...row.losses, loss] : row.losses,
      ...(further ? { worst: { ...worst, loss } } : {}),
    });
  }
  return [...rows.values()];
}
