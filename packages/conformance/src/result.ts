import type { BackendDescription, FloatDType } from '@isoloss/core';
import type { ElementResult, Grade } from './compare.ts';
import type { Pair } from './pairs.ts';
import type { Skip, Violation } from './subject.ts';

/** `skipped`: declared as not supported, with the reason; never counted as passed. `error`: it should have answered. */
export type Outcome = 'pass' | 'fail' | 'skipped' | 'error';

/** What became of one vector on one backend in one dtype. */
export interface CaseResult {
  readonly id: string;
  readonly flags: readonly string[];
  readonly comment?: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly outcome: Outcome;
  /** Why it failed, was skipped or ended in an error. */
  readonly reason?: string;
  readonly link?: string;
  /** Set on a failure or error that is expected, with its reason; such a one is not counted. */
  readonly expectedFailure?: { readonly reason: string; readonly link?: string };
  /** Set on a failure that consists in passing: it was expected to fail. */
  readonly unexpectedPass?: true;
  /** The grade that was reached, whatever was asked; undefined: neither. */
  readonly reached?: Grade | undefined;
  /** Worst error over what the grade allows, and worst ULP, among the elements. */
  readonly ratio?: number;
  readonly ulp?: number;
  readonly worst?: ElementResult | undefined;
  readonly indeterminate?: number;
  /** Failing elements, expected and got side by side. */
  readonly failures?: readonly ElementResult[];
  /** Where it is not accurate: the element farthest over its derived bound, whether or not the grade allows it. */
  readonly inaccurate?: ElementResult;
  /** Gradients that the implementation leaves out. */
  readonly skippedGradients?: Readonly<Record<string, Skip>>;
}

/** One loss on one backend in one dtype. */
export interface Cell {
  readonly loss: string;
  readonly backend: string;
  readonly dtype: FloatDType;
  readonly total: number;
  readonly passed: number;
  /** Of those that passed, how many reached the grade `accurate`. */
  readonly accurate: number;
  readonly failed: number;
  readonly skipped: number;
  readonly errors: number;
  readonly expectedFailures: number;
  readonly indeterminate: number;
  /** Over all cases; undefined where no element was compared. */
  readonly worstRatio: { readonly id: string; readonly ratio: number } | undefined;
  readonly worstUlp: { readonly id: string; readonly ulp: number } | undefined;
  readonly milliseconds: number;
  readonly cases: readonly CaseResult[];
}

/** A backend in one dtype: a column of the matrix. */
export interface Column {
  readonly backend: string;
  readonly dtype: FloatDType;
  /** false: the runtime has no such dtype. That is a property of it, not a skip of cases. */
  readonly offered: boolean;
  /** How it is judged. */
  readonly grade: Grade;
}

/** A backend or a foreign implementation as it took part in a run. */
export interface Participant extends BackendDescription {
  readonly foreign: boolean;
  /** What it did against the line protocol; any fails the run. */
  readonly violations?: readonly Violation[];
}

/** A whole run: every loss on every backend in every dtype. */
export interface ConformanceResult {
  readonly started: string;
  readonly milliseconds: number;
  readonly backends: readonly Participant[];
  readonly columns: readonly Column[];
  readonly losses: readonly string[];
  readonly cells: readonly Cell[];
  /** Every two backends against each other, by loss and dtype. */
  readonly pairs: readonly Pair[];
  readonly totals: Totals;
  /** No failure, no error, no violation of the protocol. */
  readonly passed: boolean;
}

/** Vectors of a run, counted by outcome. */
export interface Totals {
  readonly total: number;
  readonly passed: number;
  readonly accurate: number;
  readonly failed: number;
  readonly skipped: number;
  readonly errors: number;
  readonly expectedFailures: number;
}

/** Whether a case counts against the run. */
export const isBad = ({ outcome, expectedFailure }: CaseResult): boolean =>
  (outcome === 'fail' || outcome === 'error') && expectedFailure === undefined;

/** One result out of those of several runs of different losses on the same backends. */
export function mergeResults(results: readonly ConformanceResult[]): ConformanceResult {
  const first = results[0];
  if (first === undefined) throw new Error('there are no results to merge');
  const cells = results.flatMap((result) => result.cells);
  return {
    ...first,
    started: results.map(({ started }) => started).sort()[0]!,
    milliseconds: results.reduce((sum, { milliseconds }) => sum + milliseconds, 0),
    backends: first.backends.map((backend) => {
      const { violations: _, ...rest } = backend;
      const all = results.flatMap(({ backends }) => backends.find(({ id }) => id === backend.id)?.violations ?? []);
      return all.length === 0 ? rest : { ...rest, violations: mergeViolations(all) };
    }),
    losses: results.flatMap(({ losses }) => losses),
    cells,
    pairs: results.flatMap(({ pairs }) => pairs),
    totals: addTotals(cells),
    passed: results.every(({ passed }) => passed),
  };
}

function mergeViolations(all: readonly Violation[]): Violation[] {
  const merged = new Map<string, Violation>();
  for (const violation of all) {
    const known = merged.get(violation.what);
    merged.set(violation.what, known === undefined ? violation : { ...known, count: known.count + violation.count });
  }
  return [...merged.values()];
}

/** Sums over cells. */
export function addTotals(cells: readonly Cell[]): Totals {
  const sum = (part: (cell: Cell) => number) => cells.reduce((total, cell) => total + part(cell), 0);
  return {
    total: sum((cell) => cell.total),
    passed: sum((cell) => cell.passed),
    accurate: sum((cell) => cell.accurate),
    failed: sum((cell) => cell.failed),
    skipped: sum((cell) => cell.skipped),
    errors: sum((cell) => cell.errors),
    expectedFailures: sum((cell) => cell.expectedFailures),
  };
}
