import { type Expr, iota, where } from '../graph/expr.ts';

/** Along the axis, largest first; ties in their order. */
const descending = (x: Expr, axis: number): Expr => x.gather(x.neg().argsort(axis), axis);

/** 1, 2, … along the axis of a value, shaped to repeat against it. */
export function ranks(x: Expr, axis: number): Expr {
  const at = axis < 0 ? axis + x.rank : axis;
  return iota(x.shape[at]!)
    .add(1)
    .toFloat()
    .reshape(x.shape.map((dim, k) => (k === at ? dim : 1)));
}

/** The τ for which Σ max(x − τ, 0) = 1 along the axis: the projection onto the simplex subtracts it. */
export function sparsemaxThreshold(x: Expr, axis: number): Expr {
  const sorted = descending(x, axis);
  const rank = ranks(sorted, axis);
  // The support is the longest prefix in which each entry stays above its own threshold.
  const inside = rank.mul(sorted).add(1).gt(sorted.cumsum(axis));
  return where(inside, sorted, 0).sum(axis, true).sub(1).div(inside.toFloat().sum(axis, true));
}
