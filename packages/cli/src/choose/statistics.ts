/** Samples of one thing, with how far they spread. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly samples: number;
}

/** The q-quantile, linear between neighbours. */
export function quantile(values: ArrayLike<number>, q: number): number {
  const sorted = Float64Array.from(values).sort();
  const at = q * (sorted.length - 1);
  const low = Math.floor(at);
  return sorted[low]! + (at - low) * ((sorted[low + 1] ?? sorted[low]!) - sorted[low]!);
}

export const median = (values: ArrayLike<number>): number => quantile(values, 0.5);

export const least = (values: readonly number[]): number => values.reduce((a, b) => Math.min(a, b), Infinity);

export const summary = (values: readonly number[]): Summary => ({
  median: median(values),
  min: least(values),
  max: values.reduce((a, b) => Math.max(a, b), -Infinity),
  samples: values.length,
});

/** Times of a candidate that was timed beside others. */
export interface Timing {
  /** Of each round, its median: what one is is compared with within a round. */
  readonly rounds: readonly number[];
  /** The least of all calls: what the rest of the machine disturbs least. */
  readonly least: number;
}

/** By how much one has to be ahead to count as faster: less is not worth a sentence, and hardly ever real. */
export const worthMentioning = 1.05;
/** By how much if it takes more threads for it, which others could have used. */
export const worthThreads = 1.2;

/**
 * Whether `a` is faster than `b` beyond the noise: in the typical round by 5 percent or more, in at least three of four
 * rounds at all, and in its least time. Rounds are interleaved, so that what else the machine does is in both numbers of a
 * pair; where it does so much that few rounds tell them apart by chance, the least times disagree.
 */
export function isFaster(a: Timing, b: Timing, by: number = worthMentioning): boolean {
  const ratios = Array.from(
    { length: Math.min(a.rounds.length, b.rounds.length) },
    (_, k) => b.rounds[k]! / a.rounds[k]!,
  );
  if (ratios.length === 0) return false;
  // Of single samples only a large difference says anything.
  if (ratios.length < 3) return Math.min(...ratios) > 2;
  const ahead = ratios.filter((ratio) => ratio > 1).length;
  return median(ratios) >= by && ahead >= 0.75 * ratios.length && b.least > a.least;
}
