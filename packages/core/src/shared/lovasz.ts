import { productOfDims } from '../graph/dim.ts';
import { complement, type Expr, where } from '../graph/expr.ts';

/** Rows to treat apart: each sample, or the whole batch as one. */
export const perRow =
  (per: 'sample' | 'batch') =>
  (x: Expr): Expr =>
    per === 'batch'
      ? x.reshape([1, productOfDims(x.shape)])
      : x.reshape([x.shape[0]!, productOfDims(x.shape.slice(1))]);

/** Σ of sorted errors, each times the growth of the Jaccard loss when it is added: rows of (R, P). */
export function lovasz(errors: Expr, truth: Expr, positive: (sorted: Expr) => Expr): Expr {
  const order = errors.neg().argsort(1);
  const sorted = errors.gather(order, 1);
  const t = truth.gather(order, 1).stopGradient();
  const total = t.sum(1, true);
  const overlap = total.sub(t.cumsum(1));
  const union = total.add(complement(t).cumsum(1));
  // A truth that is missed takes 1 from the overlap; a false one adds 1 to the union: I/(U − 1) − I/U, all exact counts.
  const smaller = union.sub(1);
  const nothing = smaller.eq(0);
  const growth = where(t.eq(1).or(nothing), 1, overlap.div(where(nothing, 1, smaller))).div(union);
  return positive(sorted).mul(growth).sum(1);
}
