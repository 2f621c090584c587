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

export const summary = (values: readonly number[]): Summary => ({
  median: median(values),
  min: Math.min(...values),
  max: Math.max(...values),
  samples: values.length,
});

/** Rounds in which every candidate was timed beside the others, by candidate: what one is is compared with within a round. */
export type Rounds = readonly number[];

/** By how much one has to be ahead to count as faster: less is not worth a sentence, and hardly ever real. */
export const worthMentioning = 1.05;

/**
 * Whether `a` is faster than `b` beyond the noise: in the typical round by 5 percent or more, and in at least three of
 * four rounds at all. Rounds are interleaved, so that what else the machine does is in both numbers of a pair.
 */
export function isFaster(a: Rounds, b: Rounds): boolean {
  const ratios = Array.from({ length: Math.min(a.length, b.length) }, (_, k) => b[k]! / a[k]!);
  if (ratios.length === 0) return false;
  // Of single samples only a large difference says anything.
  if (ratios.length < 3) return Math.min(...ratios) > 2;
  return median(ratios) >= worthMentioning && ratios.filter((ratio) => ratio > 1).length >= 0.75 * ratios.length;
}
