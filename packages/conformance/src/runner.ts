import type { Backend, BackendDescription, FloatDType, Tensor } from '@isoloss/core';
import type { ElementResult, Grade } from './compare.ts';
import type { LossBounds } from './error-bound.ts';
import { type Expectation, expectationFor } from './expectations.ts';
import { boundsOf, runCase, type Verdict } from './judge.ts';
import { type Contestant, comparePairs, type Given, type Pair } from './pairs.ts';
import {
  addTotals,
  type CaseResult,
  type Cell,
  type ConformanceResult,
  isBad,
  type Outcome,
  type Participant,
} from './result.ts';
import { isBackend, type Subject, subjectOf } from './subject.ts';
import { messageOf } from './text.ts';
import type { VectorCase, VectorFile } from './vectors.ts';

/** What {@link runConformance} runs. */
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
  /** By the id of the backend: what is known to fail. */
  readonly expectations?: Readonly<Record<string, readonly Expectation[]>>;
  /** The bounds to judge by, where they are not those of the definitions that are here: those of a release, say. */
  boundsOf?(entry: VectorCase, request: { readonly backend: string; readonly dtype: FloatDType }): LossBounds | Error;
  /** Called after every loss on a backend in a dtype. */
  onProgress?(progress: Progress): void;
}

/** How far a run is, and what it has just done. */
export interface Progress {
  readonly done: number;
  readonly total: number;
  readonly cell: Cell;
}

interface Runnable {
  readonly subject: Subject;
  readonly owned: boolean;
  readonly description: BackendDescription;
  readonly grade: Grade;
}

/**
 * Runs every vector on every backend in every dtype it has. Nothing that one case does ends the run; backends are not
 * disposed of.
 */
export async function runConformance(request: ConformanceRequest): Promise<ConformanceResult> {
  const start = Date.now();
  const { dtypes = ['float32', 'float64'], onProgress } = request;
  const files = filtered(request);
  const runnables = await Promise.all(request.backends.map((backend) => prepare(backend, request.grade)));
  const columns = runnables.flatMap(({ subject, description, grade }) =>
    dtypes.map((dtype) => ({ backend: subject.id, dtype, offered: description.dtypes.includes(dtype), grade })),
  );
  const total = columns.filter(({ offered }) => offered).length * files.length;
  const cells: Cell[] = [];
  const pairs: Pair[] = [];
  for (const file of files) {
    const given = new Map<FloatDType, Contestant[]>(dtypes.map((dtype) => [dtype, []]));
    const made: Cell[] = [];
    for (const runnable of runnables)
      for (const dtype of dtypes) {
        if (!runnable.description.dtypes.includes(dtype)) continue;
        const { cell, answers } = await runCell(file, runnable, dtype, request);
        made.push(cell);
        if (runnable.description.available) given.get(dtype)!.push(contestant(runnable, dtype, answers, request));
        onProgress?.({ done: cells.length + made.length, total, cell });
      }
    for (const [dtype, contestants] of given) pairs.push(...comparePairs(file.loss, dtype, file.cases, contestants));
    cells.push(...made.map((cell) => withOthers(cell, given.get(cell.dtype)!)));
  }
  const backends: Participant[] = [];
  for (const { subject, owned, description } of runnables) {
    const violations = (await subject.violations?.()) ?? [];
    if (owned) await subject.dispose();
    const foreign = subject.foreign ?? false;
    backends.push({ ...description, id: subject.id, foreign, ...(violations.length > 0 ? { violations } : {}) });
  }
  return {
    started: new Date(start).toISOString(),
    milliseconds: Date.now() - start,
    backends,
    columns,
    losses: files.map(({ loss }) => loss),
    cells,
    pairs,
    totals: addTotals(cells),
    passed:
      !cells.some(({ failed, errors }) => failed + errors > 0) &&
      !backends.some(({ violations }) => violations !== undefined),
  };
}

async function prepare(backend: Backend | Subject, grade: Grade | undefined): Promise<Runnable> {
  const subject = isBackend(backend) ? subjectOf(backend) : backend;
  const description = await describe(subject);
  return {
    subject,
    owned: isBackend(backend),
    // What could not even be loaded knows no dtypes: it still shows.
    description: description.dtypes.length > 0 ? description : { ...description, dtypes: ['float32'] as const },
    grade: grade ?? subject.grade ?? (subject.foreign ? 'conforming' : 'accurate'),
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

const contestant = (
  { subject, description: { accuracy } }: Runnable,
  dtype: FloatDType,
  answers: ReadonlyMap<string, Given>,
  request: ConformanceRequest,
): Contestant => ({
  id: subject.id,
  answers,
  bounds(entry) {
    const bounds = request.boundsOf?.(entry, { backend: subject.id, dtype }) ?? boundsOf(entry, { dtype, accuracy });
    return bounds instanceof Error ? undefined : bounds;
  },
});

async function runCell(
  file: VectorFile,
  { subject, description, grade }: Runnable,
  dtype: FloatDType,
  request: ConformanceRequest,
): Promise<{ cell: Cell; answers: Map<string, Given> }> {
  const start = Date.now();
  const cases: CaseResult[] = [];
  const answers = new Map<string, Given>();
  const { expectations } = request;
  for (const entry of file.cases) {
    const { id, flags, comment, options } = entry;
    const named = { id, flags, options, ...(comment === undefined ? {} : { comment }) };
    const { verdict, given } = description.available
      ? await runCase(entry, subject, {
          dtype,
          grade,
          accuracy: description.accuracy,
          ...(request.boundsOf && { bounds: () => request.boundsOf!(entry, { backend: subject.id, dtype }) }),
        })
      : { verdict: absent(subject, description), given: 'skipped' as const };
    answers.set(id, given);
    cases.push({ ...named, ...withExpectation(verdict, expectationFor(expectations?.[subject.id], id, dtype)) });
  }
  return { cell: cellOf(file.loss, subject.id, dtype, cases, Date.now() - start), answers };
}

/** A backend of ours that is not installed is skipped; a program that somebody asked for and that does not start is not. */
const absent = ({ foreign }: Subject, description: BackendDescription): Verdict => ({
  outcome: foreign ? 'error' : 'skipped',
  reason: unavailable(description),
});

const unavailable = ({ reason, remedy }: BackendDescription): string =>
  ['not available', reason && `: ${reason}`, remedy && ` (${remedy})`].filter(Boolean).join('');

/** A cell out of the results of its cases. */
export function cellOf(
  loss: string,
  backend: string,
  dtype: FloatDType,
  cases: readonly CaseResult[],
  milliseconds: number,
): Cell {
  const count = (outcome: Outcome) => cases.filter((result) => result.outcome === outcome).length;
  const bad = (outcome: Outcome) => cases.filter((result) => result.outcome === outcome && isBad(result)).length;
  return {
    loss,
    backend,
    dtype,
    total: cases.length,
    passed: count('pass'),
    accurate: cases.filter(({ outcome, reached }) => outcome === 'pass' && reached === 'accurate').length,
    failed: bad('fail'),
    skipped: count('skipped'),
    errors: bad('error'),
    expectedFailures: cases.filter(({ expectedFailure }) => expectedFailure !== undefined).length,
    indeterminate: cases.reduce((total, result) => total + (result.indeterminate ?? 0), 0),
    worstRatio: worst(cases, 'ratio'),
    worstUlp: worst(cases, 'ulp'),
    milliseconds,
    cases,
  };
}

function worst<M extends 'ratio' | 'ulp'>(
  cases: readonly CaseResult[],
  measure: M,
): ({ id: string } & { [K in M]: number }) | undefined {
  let best: CaseResult | undefined;
  for (const result of cases)
    if (result[measure] !== undefined && (best === undefined || result[measure]! > best[measure]!)) best = result;
  return best && ({ id: best.id, [measure]: best[measure]! } as { id: string } & { [K in M]: number });
}

function withExpectation(verdict: Verdict, expected: Expectation | undefined): Verdict {
  if (expected === undefined) return verdict;
  const { reason, link } = expected;
  if (verdict.outcome === 'pass')
    return {
      ...verdict,
      outcome: 'fail',
      unexpectedPass: true,
      reason: `expected to fail (${reason}), and passes: take it off the list`,
    };
  if (verdict.outcome === 'skipped') return verdict;
  return { ...verdict, expectedFailure: { reason, ...(link === undefined ? {} : { link }) } };
}

/** Beside each number that is wrong, what the other backends gave there. */
function withOthers(cell: Cell, contestants: readonly Contestant[]): Cell {
  if (!cell.cases.some(({ failures }) => failures !== undefined && failures.length > 0)) return cell;
  const others = (id: string, { output, index }: ElementResult): Record<string, number> =>
    Object.fromEntries(
      contestants.flatMap(({ id: backend, answers }) => {
        const given = answers.get(id);
        if (backend === cell.backend || given === undefined || given === 'skipped') return [];
        const tensor = output === 'value' ? given.value : given.gradients[output];
        const number = tensor !== undefined && !('skipped' in tensor) ? (tensor as Tensor).data[index] : undefined;
        return number === undefined ? [] : [[backend, number]];
      }),
    );
  return {
    ...cell,
    cases: cell.cases.map((result) =>
      result.failures === undefined
        ? result
        : {
            ...result,
            failures: result.failures.map((element) => ({ ...element, others: others(result.id, element) })),
          },
    ),
  };
}
