import { type Child, ChildError, openChild } from '../doctor/child.ts';
import { messageOf } from '../errors.ts';
import type { Entrant } from './candidates.ts';
import type { Shapes } from './inputs.ts';
import type { First, Job, Peak, Prepared, Question, Timed } from './measure-child.ts';
import { median, quantile, type Summary, summary } from './statistics.ts';
import type { Candidate, Conformance, Exclusion, SizeResult, Warm } from './types.ts';

export interface Settings {
  /** Processes started for each candidate, to see how long a cold start takes. */
  readonly coldStarts: number;
  /** Interleaved rounds at the size asked for, and at the other sizes of the ladder. */
  readonly rounds: number;
  readonly ladderRounds: number;
  readonly sampleMs: number;
  readonly warmUpMs: number;
  readonly timeoutMs: number;
}

/** A call that takes so long, and so many times as long as the quickest one, is not repeated to know it better. */
const slow = { ms: 700, times: 8 } as const;
/** Milliseconds before a sample: thread pools spin for a while after their last work, and would be the next one's noise. */
const settlingMs = 3;
/** By which a candidate may be slower than the best and still be measured at larger sizes. */
const hopeless = 20;

export type Out = (candidate: string, filter: Exclusion['filter'], error: unknown) => void;

const start = (): Child => openChild('choose/measure-child');
const ask = <T>(child: Child, question: Question, timeoutMs: number): Promise<T> => child.ask<T>(question, timeoutMs);

/** Which filter an error of a candidate's process stands for. */
function filterOf(error: unknown): Exclusion['filter'] {
  const name = error instanceof Error ? error.name : '';
  return name === 'UnavailableError' ? 'not available' : name === 'UnsupportedError' ? 'unsupported' : 'failed';
}

export interface Cold {
  readonly coldStart: Summary;
  readonly memory: Summary;
  /** Of the first call alone, the least. */
  readonly callMs: number;
}

/** Those that the first call shows to be slower than another one by far. */
export function slowOnes(cold: ReadonlyMap<string | null, { readonly callMs: number }>): Set<string> {
  const calls = [...cold].flatMap(([id, { callMs }]) => (id === null ? [] : [[id, callMs] as const]));
  const best = Math.min(...calls.map(([, ms]) => ms));
  return new Set(calls.filter(([, ms]) => ms > slow.ms && ms > slow.times * best).map(([id]) => id));
}

/** Starts processes, one at a time, in rounds over the candidates; null among them is Node with nothing. */
export async function coldStarts(
  candidates: readonly (Candidate | null)[],
  job: Omit<Job, 'candidate'>,
  shapes: Shapes,
  settings: Settings,
  { out, progress }: { out: Out; progress(what: string): void },
): Promise<Map<string | null, Cold>> {
  const runs = new Map<string | null, { ms: number; callMs: number; bytes: number }[]>();
  const gone = new Set<string | null>();
  const callsSoFar = () =>
    new Map([...runs].map(([id, all]) => [id, { callMs: Math.min(...all.map(({ callMs }) => callMs)) }]));
  for (let round = 0; round < settings.coldStarts; round++) {
    const isSlow = slowOnes(callsSoFar());
    for (const candidate of candidates) {
      const id = candidate?.id ?? null;
      const before = runs.get(id) ?? [];
      progress(`cold start of ${id ?? 'Node alone'}`);
      if (gone.has(id) || isSlow.has(id ?? '')) continue;
      const begin = performance.now();
      const child = start();
      try {
        const { inputsMs, callMs } = await ask<First>(
          child,
          { first: { ...job, candidate }, shapes },
          settings.timeoutMs,
        );
        const ms = performance.now() - begin - inputsMs;
        const { bytes } = await ask<Peak>(child, { peak: true }, settings.timeoutMs);
        runs.set(id, [...before, { ms, callMs, bytes }]);
      } catch (error) {
        if (id === null) throw error;
        gone.add(id);
        out(id, filterOf(error), error);
      } finally {
        child.end();
      }
    }
  }
  return new Map(
    [...runs]
      .filter(([id]) => !gone.has(id))
      .map(([id, all]) => [
        id,
        {
          coldStart: summary(all.map(({ ms }) => ms)),
          memory: summary(all.map(({ bytes }) => bytes)),
          callMs: Math.min(...all.map(({ callMs }) => callMs)),
        },
      ]),
  );
}

/** Times of one candidate at one size. */
interface Series {
  readonly samples: number[];
  readonly roundMedians: number[];
  readonly roundCpu: number[];
}

/** A candidate whose process is up. */
export interface Running {
  readonly entrant: Entrant;
  readonly child: Child;
  /** Whether a call at the size asked for takes so long that one has to do. */
  readonly slow: boolean;
  /** By size of the axis. */
  readonly series: Map<number, Series>;
}

/** Starts a process for each, with a first call at a size that may be a small one. */
export async function startAll(
  entrants: readonly Entrant[],
  slow: ReadonlySet<string>,
  job: Omit<Job, 'candidate'>,
  shapes: Shapes,
  settings: Settings,
  out: Out,
): Promise<Running[]> {
  const running: Running[] = [];
  for (const entrant of entrants) {
    const child = start();
    const candidate: Candidate = { id: entrant.id, backend: entrant.backend, settings: entrant.settings };
    try {
      await ask<First>(child, { first: { ...job, candidate }, shapes }, settings.timeoutMs);
      running.push({ entrant, child, slow: slow.has(entrant.id), series: new Map() });
    } catch (error) {
      child.end();
      out(entrant.id, filterOf(error), error);
    }
  }
  return running;
}

/**
 * Times all candidates at one size, in rounds; the first of each round is another one each time. Of the slow ones, one call
 * is timed if `once` is set: that they are slower by far is known, and minutes of it would not make it truer.
 */
export async function timeAt(
  running: readonly Running[],
  size: number,
  shapes: Shapes,
  { rounds, once }: { readonly rounds: number; readonly once: boolean },
  settings: Settings,
  { out, progress }: { out: Out; progress(what: string): void },
): Promise<void> {
  const ready: { entry: Running; onceMs: number }[] = [];
  const guarded = async (entry: Running, action: () => Promise<void>) => {
    try {
      await action();
    } catch (error) {
      entry.child.end();
      entry.series.clear();
      out(entry.entrant.id, filterOf(error), error);
    }
  };
  for (const entry of running) {
    progress(`warming ${entry.entrant.id} up at ${size}`);
    await guarded(entry, async () => {
      const question: Question = { prepare: shapes, warmUpMs: once && entry.slow ? 0 : settings.warmUpMs };
      const { onceMs } = await ask<Prepared>(entry.child, question, settings.timeoutMs);
      entry.series.set(size, { samples: [], roundMedians: [], roundCpu: [] });
      ready.push({ entry, onceMs });
    });
  }
  const best = Math.min(...ready.map(({ onceMs }) => onceMs));
  const sample = async (entry: Running) => {
    const series = entry.series.get(size);
    if (series === undefined) return;
    await guarded(entry, async () => {
      await new Promise((resolve) => setTimeout(resolve, settlingMs));
      const timed = await ask<Timed>(entry.child, { time: settings.sampleMs }, settings.timeoutMs);
      for (const one of timed.samples) series.samples.push(one);
      series.roundMedians.push(median(timed.samples));
      series.roundCpu.push(timed.cpuMs);
    });
  };
  const inTurn = async (entries: readonly Running[], count: number, from = 0) => {
    for (let round = from; round < from + count; round++)
      for (let k = 0; k < entries.length; k++) await sample(entries[(k + round) % entries.length]!);
  };
  const isSlow = ({ onceMs }: { readonly onceMs: number }) => onceMs > slow.ms && onceMs > slow.times * best;
  await inTurn(
    ready.map(({ entry }) => entry),
    1,
  );
  const quickOnes = ready.filter((one) => !isSlow(one)).map(({ entry }) => entry);
  await inTurn(quickOnes, rounds - 1, 1);
  // What the answer hangs on deserves more: those between which it is.
  const medianOf = ({ series }: Running) => median(series.get(size)?.samples ?? [Infinity]);
  const leading = Math.min(...quickOnes.map(medianOf));
  const contenders = quickOnes.filter((entry) => medianOf(entry) <= 2 * leading);
  if (once && contenders.length > 1) await inTurn(contenders, rounds, rounds);
}

/** Those for which a larger size is worth measuring, by what they took at this one. */
export function hopeful(running: readonly Running[], size: number): Running[] {
  const medians = running.map(({ series }) => median(series.get(size)?.samples ?? [Infinity]));
  const best = Math.min(...medians);
  return running.filter((_, k) => medians[k]! <= hopeless * best);
}

export function warmOf({ samples, roundMedians, roundCpu }: Series): Warm {
  return {
    ...summary(samples),
    p95: quantile(samples, 0.95),
    rounds: roundMedians.length,
    spread: [Math.min(...roundMedians), Math.max(...roundMedians)],
    cpu: median(roundCpu),
  };
}

export function sizeResults({ series }: Running): SizeResult[] {
  return [...series]
    .filter(([, { samples }]) => samples.length > 0)
    .sort(([a], [b]) => a - b)
    .map(([size, one]) => {
      const { median, min, cpu, samples, spread } = warmOf(one);
      return { size, median, min, cpu, samples, spread };
    });
}

/** The vectors of the loss, on every candidate: two at a time, since nothing is timed any more. */
export async function conformAll(
  running: readonly Running[],
  settings: Settings,
  { out, progress }: { out: Out; progress(what: string): void },
): Promise<Map<string, Conformance>> {
  const results = new Map<string, Conformance>();
  const waiting = [...running];
  const one = async () => {
    for (let entry = waiting.shift(); entry !== undefined; entry = waiting.shift()) {
      const { id } = entry.entrant;
      progress(`vectors on ${id}`);
      try {
        results.set(id, await ask<Conformance>(entry.child, { conform: true }, 4 * settings.timeoutMs));
      } catch (error) {
        out(id, 'conformance', error);
      } finally {
        entry.child.end();
      }
    }
  };
  await Promise.all([one(), one()]);
  return results;
}

/** What happened to a process, for the list of exclusions. */
export const whatHappened = (error: unknown): string =>
  error instanceof ChildError
    ? `its process ${error.kind === 'hang' ? 'hangs' : 'crashed'}: ${error.message}`
    : messageOf(error);
