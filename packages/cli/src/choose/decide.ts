import { formatBytes, formatTime } from '../doctor/units.ts';
import { isFaster, median, type Timing, worthMentioning, worthThreads } from './statistics.ts';
import type { Crossover, Measurement, Objective } from './types.ts';

/** What a candidate is compared by: one number, and the rounds that it is from where there are any. */
interface Score {
  readonly candidate: string;
  readonly value: number;
  readonly timing: Timing | undefined;
  readonly threaded: boolean;
}

/** Times of each candidate at each size, of the clock on the wall, or of processors for throughput; undefined where not taken. */
export type TimingAt = (candidate: string, size: number) => Timing | undefined;

const isThreaded = ({ settings }: Measurement): boolean => settings.threads === 'auto';
const isTimed = (objective: Objective): boolean => objective === 'latency' || objective === 'throughput';

/** Those of one measurement that nothing else is clearly better than, the best first. */
function leaders(scores: readonly Score[]): string[] {
  const sorted = [...scores].sort((a, b) => a.value - b.value);
  const best = sorted[0];
  if (best === undefined) return [];
  return sorted.filter((other) => other === best || !isBetter(best, other)).map(({ candidate }) => candidate);
}

function isBetter(a: Score, b: Score): boolean {
  const by = a.threaded && !b.threaded ? worthThreads : worthMentioning;
  if (a.timing !== undefined && b.timing !== undefined) return isFaster(a.timing, b.timing, by);
  return b.value >= by * a.value;
}

export interface Decision {
  readonly candidate: string;
  readonly reason: string;
  readonly tiedWith: readonly string[];
  /** All, the best first. */
  readonly order: readonly string[];
}

const figureOf = (one: Measurement, objective: Objective): number =>
  ({
    latency: one.warm.median,
    throughput: one.warm.cpu,
    'cold-start': one.coldStart.median,
    memory: one.memory.median,
    size: one.install.bytes,
  })[objective];

/** Ties are broken by what else costs something: the smaller install, the earlier start, the fewer threads. */
function tieBreak(a: Measurement, b: Measurement): number {
  return (
    a.install.bytes - b.install.bytes ||
    Number(a.settings.threads === 'auto') - Number(b.settings.threads === 'auto') ||
    a.coldStart.median - b.coldStart.median
  );
}

/** The answer, at the size asked for. */
export function decide(
  measurements: readonly Measurement[],
  objective: Objective,
  size: number,
  timingAt: TimingAt,
): Decision | undefined {
  const scores = measurements.map(
    (one): Score => ({
      candidate: one.candidate,
      value: figureOf(one, objective),
      timing: isTimed(objective) ? timingAt(one.candidate, size) : undefined,
      threaded: isThreaded(one),
    }),
  );
  const tied = leaders(scores);
  const byId = new Map(measurements.map((one) => [one.candidate, one]));
  const chosen = tied.map((id) => byId.get(id)!).sort(tieBreak)[0];
  if (chosen === undefined) return undefined;
  const rest = measurements
    .filter(({ candidate }) => !tied.includes(candidate))
    .sort((a, b) => figureOf(a, objective) - figureOf(b, objective));
  const others = tied.filter((id) => id !== chosen.candidate);
  const order = [chosen.candidate, ...others, ...rest.map(({ candidate }) => candidate)];
  return {
    candidate: chosen.candidate,
    reason: reasonOf(
      chosen,
      others.map((id) => byId.get(id)!),
      rest[0],
      objective,
    ),
    tiedWith: others,
    order,
  };
}

const said: Readonly<Record<Objective, { of(value: number): string; better: string; what: string }>> = {
  latency: { of: formatTime, better: 'as fast as', what: 'a warm call takes' },
  throughput: { of: formatTime, better: 'as cheap as', what: 'processor time of a call is' },
  'cold-start': { of: formatTime, better: 'as quick as', what: 'the first result comes after' },
  memory: { of: formatBytes, better: 'as small as', what: 'the process takes at most' },
  size: { of: formatBytes, better: 'as small as', what: 'the install takes' },
};

function reasonOf(
  chosen: Measurement,
  tied: readonly Measurement[],
  next: Measurement | undefined,
  objective: Objective,
): string {
  const { of, better, what } = said[objective];
  const value = figureOf(chosen, objective);
  const own = `${what} ${of(value)}`;
  const ahead =
    next === undefined
      ? ''
      : `${Number((figureOf(next, objective) / value).toPrecision(2))} times ${better} ${tied.length > 0 ? 'the best of the others' : 'the next'}, ${next.candidate} (${of(figureOf(next, objective))})`;
  if (tied.length > 0) {
    const names = tied.map((one) => `${one.candidate} (${of(figureOf(one, objective))})`).join(' and ');
    const why = tied.every(({ install }) => install.bytes > chosen.install.bytes)
      ? `its install is the smallest (${formatBytes(chosen.install.bytes)})`
      : chosen.settings.threads !== 'auto' && tied.some(({ settings }) => settings.threads === 'auto')
        ? 'it needs no threads'
        : 'it starts no later';
    return `${own}, which is the same as ${names} within the noise, and ${why}${ahead === '' ? '' : `; ${ahead}`}`;
  }
  return ahead === '' ? `${own}, and nothing else is left` : `${own}: ${ahead}`;
}

/**
 * Where along the ladder the answer changes. A size whose leaders are not told apart keeps its neighbour's answer: else noise
 * would be reported as a crossover.
 */
export function crossovers(
  measurements: readonly Measurement[],
  objective: Objective,
  asked: { readonly size: number; readonly candidate: string },
  timingAt: TimingAt,
): Crossover[] {
  if (!isTimed(objective)) return [];
  const sizes = [...new Set(measurements.flatMap((one) => one.sizes.map(({ size }) => size)))].sort((a, b) => a - b);
  const medianAt = (id: string, size: number) => median(timingAt(id, size)?.rounds ?? []);
  const answers = new Map<number, string>([[asked.size, asked.candidate]]);
  const walk = (path: readonly number[]) => {
    let current = asked.candidate;
    for (const size of path) {
      const scores = measurements
        .filter((one) => timingAt(one.candidate, size) !== undefined)
        .map(
          (one): Score => ({
            candidate: one.candidate,
            value: medianAt(one.candidate, size),
            timing: timingAt(one.candidate, size),
            threaded: isThreaded(one),
          }),
        );
      const best = leaders(scores);
      if (best[0] !== undefined && !best.includes(current)) current = best[0];
      answers.set(size, current);
    }
  };
  walk(sizes.filter((size) => size < asked.size).reverse());
  walk(sizes.filter((size) => size > asked.size));
  const found: Crossover[] = [];
  for (let k = 0; k + 1 < sizes.length; k++) {
    const [smaller, larger] = [sizes[k]!, sizes[k + 1]!];
    const [below, above] = [answers.get(smaller)!, answers.get(larger)!];
    if (below === above) continue;
    // Where log(time of one / time of the other) passes 0, if it is straight in the logarithm of the size.
    const lead = (size: number) => Math.log(medianAt(above, size) / medianAt(below, size));
    const [from, to] = [lead(smaller), lead(larger)];
    const part = Number.isFinite(from) && Number.isFinite(to) && from > 0 && to < 0 ? from / (from - to) : 0.5;
    const at = Math.exp(Math.log(smaller) + part * (Math.log(larger) - Math.log(smaller)));
    found.push({ at: Number(at.toPrecision(2)), between: [smaller, larger], below, above });
  }
  return found;
}
