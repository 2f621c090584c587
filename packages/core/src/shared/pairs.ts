import { type Expr, iota, where } from '../graph/expr.ts';
import type { LossTerms } from '../loss/define.ts';

/** Which pairs share a label and which don't, (N) against (M); with `self`, an entry is no pair of itself. */
export function pairMasks(rows: Expr, columns: Expr, self: boolean): { positive: Expr; negative: Expr } {
  const same = rows.expandDims(1).eq(columns.expandDims(0));
  if (!self) return { positive: same, negative: same.not() };
  return { positive: same.and(diagonal(rows.shape[0]!).not()), negative: same.not() };
}

/** The identity as a mask, n×n. */
export function diagonal(n: Expr['shape'][number]): Expr {
  return iota(n).expandDims(1).eq(iota(n).expandDims(0));
}

/**
 * Values whose mean is over those that are not 0; of none it is 0. `nonZero` says which, by their structure: a loss
 * too small for the format is counted all the same.
 */
export function meanOfNonZero(values: Expr, nonZero: Expr): LossTerms {
  return { values, normalizer: nonZero.toFloat().sum().maximum(1) };
}

/** The mean of `x` over the entries that a mask takes, by row; 0 for rows without any. */
export function maskedMean(x: Expr, mask: Expr, axis: number): Expr {
  return where(mask, x, 0).sum(axis).div(mask.toFloat().sum(axis).maximum(1));
}
