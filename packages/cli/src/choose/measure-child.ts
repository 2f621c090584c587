/** One candidate in a process of its own: opened, timed and judged as it is asked to. */
import {
  type Backend,
  type CompiledLoss,
  type FloatDType,
  type Loss,
  type LossInputs,
  lossFromJSON,
  UnsupportedError,
} from '@isoloss/core';
import { openBackend } from '../backends.ts';
import { answerQuestions } from '../doctor/child.ts';
import { UnavailableError } from '../errors.ts';
import { makeInputs, type Shapes } from './inputs.ts';
import type { Candidate, Conformance } from './types.ts';

/** What is computed. */
export interface Job {
  readonly loss: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly dtype: FloatDType;
  readonly gradients: readonly string[];
  readonly signature: import('@isoloss/core').Signature;
  /** Folders of packages of losses to load first. */
  readonly packages: readonly string[];
  /** null: nothing but Node and the inputs, to compare with. */
  readonly candidate: Candidate | null;
}

export type Question =
  | { readonly first: Job; readonly shapes: Shapes }
  | { readonly peak: true }
  | { readonly prepare: Shapes; readonly warmUpMs: number }
  | { readonly time: number }
  | { readonly conform: true };

export interface First {
  /** That making the inputs took: not the backend's doing. */
  readonly inputsMs: number;
  /** Of the call itself. */
  readonly callMs: number;
}
export interface Peak {
  readonly bytes: number;
}
export interface Prepared {
  /** Of the last call of the warm-up. */
  readonly onceMs: number;
}
export interface Timed {
  readonly samples: Float64Array;
  /** Processor time a call. */
  readonly cpuMs: number;
}

const mostSamples = 2000;

let job: Job;
let loss: Loss;
let backend: Backend | undefined;
let compiled: CompiledLoss | undefined;
let inputs: LossInputs = {};
/** Of the first call. */
let callMs = 0;

answerQuestions(async (question: Question): Promise<First | Peak | Prepared | Timed | Conformance> => {
  if ('first' in question) return first(question.first, question.shapes);
  if ('peak' in question) return peak();
  if ('prepare' in question) return prepare(question.prepare, question.warmUpMs);
  if ('time' in question) return time(question.time);
  return conform();
});

async function open({ candidate }: Job): Promise<Backend> {
  const opened = await openBackend(candidate!.backend, candidate!.settings);
  const { available, reason, remedy, dtypes } = opened.description;
  if (!opened.available || !available)
    throw new UnavailableError([reason ?? 'no reason given', remedy].filter(Boolean).join('; to mend it: '));
  if (!dtypes.includes(job.dtype)) throw new UnsupportedError(`${opened.description.runtime} has no ${job.dtype}`);
  return opened.backend;
}

/** From nothing to the first result. */
async function first(request: Job, shapes: Shapes): Promise<First> {
  job = request;
  for (const folder of job.packages) await (await import('../packages/load.ts')).loadLossPackage(folder);
  loss = lossFromJSON(job.loss, job.options);
  const start = performance.now();
  inputs = makeInputs(loss, shapes, job.dtype);
  const inputsMs = performance.now() - start;
  callMs = 0;
  if (job.candidate !== null) {
    backend = await open(job);
    compiled = await backend.compile(loss, job);
    const before = performance.now();
    await compiled.run(inputs);
    callMs = performance.now() - before;
  }
  return { inputsMs, callMs };
}

/** After some more calls, unless they are slow: later ones need memory while what the first has left is not collected yet. */
async function peak(): Promise<Peak> {
  for (let k = 0; k < 3 && callMs < 1000; k++) await compiled?.run(inputs);
  return { bytes: process.resourceUsage().maxRSS * 1024 };
}

/** Where other processes have the cores a warm-up of so many milliseconds of processor time takes longer, to a limit. */
const patience = 6;

/**
 * Engines tier up lazily, and allocators fill: calls until they have taken so much processor time, at least two, unless one
 * takes a second. None at all for 0 milliseconds.
 */
async function prepare(shapes: Shapes, warmUpMs: number): Promise<Prepared> {
  inputs = makeInputs(loss, shapes, job.dtype);
  if (warmUpMs === 0) return { onceMs: Infinity };
  const start = performance.now();
  const cpu = process.cpuUsage();
  for (let calls = 1; ; calls++) {
    const before = performance.now();
    await compiled!.run(inputs);
    const now = performance.now();
    const onceMs = now - before;
    const { user, system } = process.cpuUsage(cpu);
    const enough = (user + system) / 1000 >= warmUpMs || now - start >= patience * warmUpMs;
    if (onceMs > 1000 || (enough && calls > 1)) return { onceMs };
  }
}

/** Calls, one after another, for so many milliseconds; at least one. */
async function time(enoughMs: number): Promise<Timed> {
  const samples: number[] = [];
  const cpu = process.cpuUsage();
  const start = performance.now();
  let before = start;
  do {
    await compiled!.run(inputs);
    const now = performance.now();
    samples.push(now - before);
    before = now;
  } while (before - start < enoughMs && samples.length < mostSamples);
  const { user, system } = process.cpuUsage(cpu);
  return { samples: Float64Array.from(samples), cpuMs: (user + system) / 1000 / samples.length };
}

async function conform(): Promise<Conformance> {
  const { runConformance } = await import('@isoloss/conformance');
  const { loadVectorsOf } = await import('../packages/vectors.ts');
  // One of its own: the run disposes of what it is given.
  const { cells } = await runConformance({
    backends: [await open(job)],
    vectors: await loadVectorsOf([job.loss]),
    dtypes: [job.dtype],
  });
  const cell = cells[0];
  if (cell === undefined) throw new Error(`there are no vectors of ${job.loss}`);
  const bad = cell.cases.find(({ outcome }) => outcome === 'fail' || outcome === 'error');
  const failed = cell.failed + cell.errors;
  return {
    passed: cell.passed,
    total: cell.total,
    failed,
    skipped: cell.skipped,
    worstRatio: cell.worstRatio?.ratio ?? null,
    ok: failed === 0 && cell.passed > 0,
    ...(bad === undefined ? {} : { firstFailure: `${bad.id}: ${bad.reason ?? bad.outcome}` }),
  };
}
