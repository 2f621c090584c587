import type { FloatDType } from '@isoloss/core';
import { type CaseResult, type Cell, type ConformanceResult, isBad, type Participant } from './result.ts';

/** What a case came to, an expected failure apart from one that counts. */
export type CaseState = 'pass' | 'fail' | 'error' | 'skipped' | 'expected';

/** A case whose outcome is another than before; without `before` or `after` it was not run then. */
export interface CaseChange {
  readonly id: string;
  readonly backend: string;
  readonly dtype: FloatDType;
  readonly before?: CaseState;
  readonly after?: CaseState;
  /** Why it is now what it is. */
  readonly reason?: string;
  /** `worse`: it passed and does not any more, or it fails anew. */
  readonly kind: 'worse' | 'better' | 'other';
}

/** A cell whose worst error is another by more than a factor of two, outcomes or not. */
export interface NumberChange {
  readonly loss: string;
  readonly backend: string;
  readonly dtype: FloatDType;
  /** Worst error over what is allowed. */
  readonly before: number;
  readonly after: number;
}

/** What changed from one run to another. */
export interface ReportDiff {
  readonly cases: readonly CaseChange[];
  readonly numbers: readonly NumberChange[];
  /** Backends that came, went, or are of another version, a line each. */
  readonly backends: readonly string[];
  /** Cases that were compared. */
  readonly compared: number;
  readonly worse: number;
  readonly better: number;
}

const stateOf = (result: CaseResult): CaseState =>
  result.outcome === 'fail' || result.outcome === 'error'
    ? isBad(result)
      ? result.outcome
      : 'expected'
    : result.outcome;

const bad = (state: CaseState | undefined): boolean => state === 'fail' || state === 'error';

function kindOf(before: CaseState | undefined, after: CaseState | undefined): CaseChange['kind'] {
  if (after === undefined) return 'other';
  if (before === 'pass' || (bad(after) && !bad(before))) return 'worse';
  return after === 'pass' || bad(before) ? 'better' : 'other';
}

const keyOf = ({ loss, backend, dtype }: Cell): string => [loss, backend, dtype].join('\n');

/** What changed from one run to another: outcomes of cases, worst errors, and who took part. */
export function diffReports(before: ConformanceResult, after: ConformanceResult): ReportDiff {
  const earlier = new Map(before.cells.map((cell) => [keyOf(cell), cell]));
  const later = new Map(after.cells.map((cell) => [keyOf(cell), cell]));
  const cases: CaseChange[] = [];
  const numbers: NumberChange[] = [];
  let compared = 0;
  for (const key of new Set([...earlier.keys(), ...later.keys()])) {
    const [old, now] = [earlier.get(key), later.get(key)];
    const { loss, backend, dtype } = (now ?? old)!;
    const was = new Map(old?.cases.map((result) => [result.id, result]));
    const is = new Map(now?.cases.map((result) => [result.id, result]));
    for (const id of new Set([...was.keys(), ...is.keys()])) {
      const [one, other] = [was.get(id), is.get(id)];
      const [from, to] = [one && stateOf(one), other && stateOf(other)];
      if (from !== undefined && to !== undefined) compared++;
      if (from === to) continue;
      cases.push({
        id,
        backend,
        dtype,
        ...(from === undefined ? {} : { before: from }),
        ...(to === undefined ? {} : { after: to }),
        ...(other?.reason === undefined ? {} : { reason: other.reason }),
        kind: kindOf(from, to),
      });
    }
    const [from, to] = [old?.worstRatio?.ratio, now?.worstRatio?.ratio];
    if (from !== undefined && to !== undefined && Math.max(from, to) > 2 * Math.min(from, to))
      numbers.push({ loss, backend, dtype, before: from, after: to });
  }
  return {
    cases,
    numbers,
    backends: participants(before.backends, after.backends),
    compared,
    worse: cases.filter(({ kind }) => kind === 'worse').length,
    better: cases.filter(({ kind }) => kind === 'better').length,
  };
}

function participants(before: readonly Participant[], after: readonly Participant[]): string[] {
  const [earlier, later] = [before, after].map((list) => new Map(list.map((one) => [one.id, one]))) as [
    Map<string, Participant>,
    Map<string, Participant>,
  ];
  const lines: string[] = [];
  for (const [id, { runtime, available }] of earlier) {
    const now = later.get(id);
    if (now === undefined) lines.push(`${id} took part only before`);
    else {
      if (now.runtime !== runtime) lines.push(`${id}: ${runtime} before, ${now.runtime} after`);
      if (now.available !== available)
        lines.push(`${id} is ${now.available ? 'available now' : 'not available any more'}`);
    }
  }
  for (const id of later.keys()) if (!earlier.has(id)) lines.push(`${id} took part only after`);
  return lines;
}
