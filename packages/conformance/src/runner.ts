import {
  type Backend,
  type BackendDescription,
  type FloatDType,
  findLoss,
  LossInputError,
  makeLoss,
  type Tensor,
  UnsupportedError,
} from '@isoloss/core';
import { combineComparisons, compareOutput, type ElementResult, type Grade } from './compare.ts';
import { type LossBounds, lossBounds } from './error-bound.ts';
import type { Accuracy } from './error-rules.ts';
import { isBackend, type Skip, type Subject, type SubjectAnswer, subjectOf } from './subject.ts';
import type { VectorCase, VectorFile } from './vectors.ts';

/** `skipped`: declared as not supported, with the reason; never counted as passed. `error`: it should have answered. */
export type Outcome = 'pass' | 'fail' | 'skipped' | 'error';

export interface CaseResult {
  readonly id: string;
  readonly flags: readonly string[];
  readonly comment?: string;
  readonly outcome: Outcome;
  /** Why it failed, was skipped or ended in an error. */
  readonly reason?: string;
  readonly link?: string;
  /** Set on a failure that is expected, with its reason; such a failure is not counted as one. */
  readonly expectedFailure?: { readonly reason: string; readonly link?: string };
  readonly reached?: Grade | undefined;
  /** Worst error over bound, and worst ULP, among the elements. */
  readonly ratio?: number;
  readonly ulp?: number;
  readonly worst?: ElementResult | undefined;
  readonly indeterminate?: number;
  /** Failing elements, expected and got side by side. */
  readonly failures?: readonly ElementResult[];
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
}

export interface ConformanceResult {
  readonly started: string;
  readonly milliseconds: number;
  readonly backends: readonly (BackendDescription & { readonly foreign: boolean })[];
  readonly columns: readonly Column[];
  readonly losses: readonly string[];
  readonly cells: readonly Cell[];
  readonly totals: Totals;
  /** No failure, no error. */
  readonly passed: boolean;
}

export interface Totals {
  readonly total: number;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly errors: number;
  readonly expectedFailures: number;
}

/** A failure that is known: it does not fail the run, and fails it when it starts to pass. */
export interface ExpectedFailure {
  readonly backend: string;
  readonly case: string;
  readonly dtype?: FloatDType;
  readonly reason: string;
  readonly link?: string;
}

export interface ConformanceRequest {
  readonly backends: readonly (Backend | Subject)[];
  readonly vectors: readonly VectorFile[];
  readonly dtypes?: readonly FloatDType[];
  /** Only these losses, cases (ids, or what ids contain), flags. */
  readonly filters?: {
    readonly losses?: readonly string[];
    readonly cases?: readonly string[];
    readonly flags?: readonly string[];
  };
  /** The grade to judge by; `accurate` for ours and `conforming` for foreign implementations where left out. */
  readonly grade?: Grade;
  readonly expectedFailures?: readonly ExpectedFailure[];
  onProgress?(progress: Progress): void;
}

export interface Progress {
  readonly done: number;
  readonly total: number;
  readonly cell: Cell;
}

/**
 * Runs every vector on every backend in every dtype it has. Nothing that one case does ends the run; backends are not
 * disposed of.
 */
export async function runConformance(request: ConformanceRequest): Promise<ConformanceResult> {
  const start = Date.now();
  const { dtypes = ['float32', 'float64'], onProgress } = request;
  const files = filtered(request);
  const subjects = await Promise.all(
    request.backends.map(async (backend) => {
      const subject = isBackend(backend) ? subjectOf(backend) : backend;
      const description = await describe(subject);
      // What could not even be loaded knows no dtypes: it still shows, as skipped.
      const known = description.dtypes.length > 0 ? description : { ...description, dtypes: ['float32'] as const };
      return { subject, owned: isBackend(backend), description: known };
    }),
  );
  const columns = subjects.flatMap(({ subject, description }) =>
    dtypes.map((dtype) => ({ backend: subject.id, dtype, offered: description.dtypes.includes(dtype) })),
  );
  const total = columns.filter(({ offered }) => offered).length * files.length;
  const cells: Cell[] = [];
  for (const file of files) {
    for (const { subject, description } of subjects)
      for (const dtype of dtypes) {
        if (!description.dtypes.includes(dtype)) continue;
        const cell = await runCell(file, subject, description, dtype, request);
        cells.push(cell);
        onProgress?.({ done: cells.length, total, cell });
      }
  }
  for (const { subject, owned } of subjects) if (owned) await subject.dispose();
  const totals = addTotals(cells);
  return {
    started: new Date(start).toISOString(),
    milliseconds: Date.now() - start,
    backends: subjects.map(({ subject, description }) => ({
      ...description,
      id: subject.id,
      foreign: subject.foreign ?? false,
    })),
    columns,
    losses: files.map(({ loss }) => loss),
    cells,
    totals,
    passed: totals.failed === 0 && totals.errors === 0,
  };
}

function filtered({ vectors, filters: { losses, cases, flags } = {} }: ConformanceRequest): VectorFile[] {
  return vectors
    .filter(({ loss }) => losses === undefined || losses.includes(loss))
    .map((file) => ({
      ...file,
      cases: file.cases.filter(
        (entry) =>
          (cases === undefined || cases.some((part) => entry.id.includes(part))) &&
          (flags === undefined || flags.some((flag) => entry.flags.includes(flag))),
      ),
    }))
    .filter((file) => file.cases.length > 0);
}

async function describe(subject: Subject): Promise<BackendDescription> {
  try {
    return await subject.describe();
  } catch (error) {
    return {
      id: subject.id,
      language: 'unknown',
      version: 'unknown',
      runtime: 'unknown',
      dtypes: ['float32'],
      device: 'unknown',
      available: false,
      reason: `it can't describe itself: ${messageOf(error)}`,
    };
  }
}

/** One result out of those of several runs of different losses on the same backends. */
export function mergeResults(results: readonly ConformanceResult[]): ConformanceResult {
  const first = results[0];
  if (first === undefined) throw new Error('there are no results to merge');
  const cells = results.flatMap((result) => result.cells);
  return {
    ...first,
    started: results.map(({ started }) => started).sort()[0]!,
    milliseconds: results.reduce((sum, { milliseconds }) => sum + milliseconds, 0),
    losses: results.flatMap(({ losses }) => losses),
    cells,
    totals: addTotals(cells),
    passed: results.every(({ passed }) => passed),
  };
}

export function addTotals(cells: readonly Cell[]): Totals {
  const sum = (part: (cell: Cell) => number) => cells.reduce((total, cell) => total + part(cell), 0);
  return {
    total: sum((cell) => cell.total),
    passed: sum((cell) => cell.passed),
    failed: sum((cell) => cell.failed),
    skipped: sum((cell) => cell.skipped),
    errors: sum((cell) => cell.errors),
    expectedFailures: sum((cell) => cell.expectedFailures),
  };
}

async function runCell(
  file: VectorFile,
  subject: Subject,
  description: BackendDescription,
  dtype: FloatDType,
  { grade = subject.foreign ? 'conforming' : 'accurate', expectedFailures = [] }: ConformanceRequest,
): Promise<Cell> {
  const start = Date.now();
  const cases: CaseResult[] = [];
  for (const entry of file.cases) {
    const { id, flags, comment } = entry;
    const named = { id, flags, ...(comment === undefined ? {} : { comment }) };
    const judged: Verdict = description.available
      ? await runCase(entry, subject, { dtype, grade, accuracy: description.accuracy })
      : { outcome: 'skipped', reason: unavailable(description) };
    const expected = expectedFailures.find(
      (known) => known.backend === subject.id && known.case === id && (known.dtype ?? dtype) === dtype,
    );
    cases.push({ ...named, ...(expected === undefined ? judged : withExpectation(judged, expected)) });
  }
  const count = (outcome: Outcome) => cases.filter((result) => result.outcome === outcome).length;
  const known = cases.filter((result) => result.expectedFailure !== undefined && result.outcome === 'fail').length;
  return {
    loss: file.loss,
    backend: subject.id,
    dtype,
    total: cases.length,
    passed: count('pass'),
    failed: count('fail') - known,
    skipped: count('skipped'),
    errors: count('error'),
    expectedFailures: known,
    indeterminate: cases.reduce((total, result) => total + (result.indeterminate ?? 0), 0),
    worstRatio: worst(cases, 'ratio'),
    worstUlp: worst(cases, 'ulp'),
    milliseconds: Date.now() - start,
    cases,
  };
}

const unavailable = ({ reason, remedy }: BackendDescription): string =>
  ['not available', reason && `: ${reason}`, remedy && ` (${remedy})`].filter(Boolean).join('');

function worst<M extends 'ratio' | 'ulp'>(
  cases: readonly CaseResult[],
  measure: M,
): ({ id: string } & { [K in M]: number }) | undefined {
  let best: CaseResult | undefined;
  for (const result of cases)
    if (result[measure] !== undefined && (best === undefined || result[measure]! > best[measure]!)) best = result;
  return best && ({ id: best.id, [measure]: best[measure]! } as { id: string } & { [K in M]: number });
}

type Verdict = Omit<CaseResult, 'id' | 'flags' | 'comment'>;

function withExpectation(verdict: Verdict, { reason, link }: ExpectedFailure): Verdict {
  if (verdict.outcome === 'pass')
    return { ...verdict, outcome: 'fail', reason: `expected to fail (${reason}), and passes: take it off the list` };
  if (verdict.outcome !== 'fail') return verdict;
  return { ...verdict, expectedFailure: { reason, ...(link === undefined ? {} : { link }) } };
}

interface CaseContext {
  readonly dtype: FloatDType;
  readonly grade: Grade;
  readonly accuracy: Accuracy | undefined;
}

/** Runs one case and judges the answer. */
export async function runCase(entry: VectorCase, subject: Subject, context: CaseContext): Promise<Verdict> {
  const { expected } = entry;
  const gradients = 'error' in expected ? [] : Object.keys(expected.gradients);
  let answer: SubjectAnswer;
  try {
    answer = await subject.run({
      id: entry.id,
      loss: entry.loss,
      options: entry.options,
      dtype: context.dtype,
      inputs: entry.inputs,
      gradients,
    });
  } catch (error) {
    return judgeError(error, entry, subject);
  }
  if ('skipped' in answer)
    return {
      outcome: 'skipped',
      reason: answer.skipped.message,
      ...(answer.skipped.link ? { link: answer.skipped.link } : {}),
    };
  if ('error' in expected) return { outcome: 'fail', reason: `expected the error ${expected.error}, got a result` };
  const bounds = boundsOf(entry, context, gradients);
  if (bounds instanceof Error)
    return { outcome: 'error', reason: `the bound could not be computed: ${bounds.message}` };
  return judge(answer, entry as AnsweredCase, bounds, context);
}

type AnsweredCase = VectorCase & { expected: Exclude<VectorCase['expected'], { error: unknown }> };

function judge(
  answer: Exclude<SubjectAnswer, { skipped: unknown }>,
  { expected }: AnsweredCase,
  bounds: LossBounds,
  { dtype, grade }: CaseContext,
): Verdict {
  const skippedGradients: Record<string, Skip> = {};
  const parts = [compareOutput('value', answer.value, expected.value, bounds.value, { dtype, grade })];
  for (const [name, gradient] of Object.entries(expected.gradients)) {
    const got = answer.gradients[name];
    if (got !== undefined && 'skipped' in got) skippedGradients[name] = got.skipped;
    else
      parts.push(compareOutput(name, got as Tensor | undefined, gradient, bounds.gradients[name]!, { dtype, grade }));
  }
  const all = combineComparisons(parts);
  const left = Object.keys(skippedGradients);
  const measured = {
    reached: all.reached,
    ...(all.worst ? { ratio: all.worst.ratio, worst: all.worst } : {}),
    ...(all.worstUlp ? { ulp: all.worstUlp.ulp } : {}),
    indeterminate: all.indeterminate,
    ...(left.length > 0 ? { skippedGradients } : {}),
  };
  if (!all.passed)
    return { outcome: 'fail', reason: all.problem ?? firstFailure(all.failures), ...measured, failures: all.failures };
  if (left.length > 0) return { outcome: 'skipped', reason: `no gradient by ${left.join(', ')}`, ...measured };
  return { outcome: 'pass', ...measured };
}

const firstFailure = ([first]: readonly ElementResult[]): string =>
  first === undefined
    ? 'differs'
    : `${first.output}[${first.index}] is ${first.got}, exactly ${first.exact}: an error of ${first.error.toPrecision(3)} where ${first.allowed.toPrecision(3)} is allowed`;

function judgeError(error: unknown, { expected }: VectorCase, subject: Subject): Verdict {
  if (error instanceof UnsupportedError) return { outcome: 'skipped', reason: error.message };
  if (error instanceof LossInputError) {
    if (!('error' in expected)) return { outcome: 'fail', reason: `refused with ${error.code}: ${error.message}` };
    if (subject.foreign || error.code === expected.error) return { outcome: 'pass' };
    return { outcome: 'fail', reason: `expected the error ${expected.error}, got ${error.code}: ${error.message}` };
  }
  return { outcome: 'error', reason: messageOf(error) };
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const boundsOfCase = new WeakMap<VectorCase, Map<string, LossBounds | Error>>();

/** The bound of a case, computed once for all backends of one accuracy, and for all runs over the same vectors. */
function boundsOf(
  entry: VectorCase,
  { dtype, accuracy }: CaseContext,
  gradients: readonly string[],
): LossBounds | Error {
  const known = boundsOfCase.get(entry) ?? new Map<string, LossBounds | Error>();
  boundsOfCase.set(entry, known);
  const key = `${dtype} ${JSON.stringify(accuracy ?? null)}`;
  let found = known.get(key);
  if (found === undefined) {
    try {
      found = lossBounds(makeLoss(findLoss(entry.loss), entry.options), entry.inputs, { dtype, accuracy, gradients });
    } catch (error) {
      found = error instanceof Error ? error : new Error(String(error));
    }
    known.set(key, found);
  }
  return found;
}
