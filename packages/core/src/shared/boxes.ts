import { complement, type Expr, fraction, where } from '../graph/expr.ts';

export interface BoxGeometry {
  /** 1 − I/(U + eps), without its cancellation for boxes that nearly agree. */
  readonly miss: Expr;
  /** (C − U)/(C + eps): the share of the smallest box around both that is in neither. */
  readonly empty: Expr;
  /** Squared distance of centres over the squared diagonal of that box. */
  readonly distance: Expr;
  /** atan(width/height) of a box; 0 where it has no height. */
  aspect(box: Expr): Expr;
}

/** Everything that box losses need, for rows of x1, y1, x2, y2. */
export function boxes(a: Expr, b: Expr, eps: number): BoxGeometry {
  const column = (box: Expr, k: number) => box.slice(1, k, k + 1).squeeze(1);
  const width = (box: Expr) => column(box, 2).sub(column(box, 0));
  const height = (box: Expr) => column(box, 3).sub(column(box, 1));
  const overlap = (low: number, high: number) =>
    column(a, high)
      .minimum(column(b, high))
      .sub(column(a, low).maximum(column(b, low)))
      .relu();
  const reach = (low: number, high: number) =>
    column(a, high)
      .maximum(column(b, high))
      .sub(column(a, low).minimum(column(b, low)));
  const intersection = overlap(0, 2).mul(overlap(1, 3));
  const onlyOne = width(a)
    .mul(height(a))
    .sub(intersection)
    .add(width(b).mul(height(b)).sub(intersection));
  const enclosing = reach(0, 2).mul(reach(1, 3));
  const union = onlyOne.add(intersection);
  const between = (low: number, high: number) =>
    column(a, low).add(column(a, high)).sub(column(b, low)).sub(column(b, high)).mul(0.5);
  const diagonal = reach(0, 2).square().add(reach(1, 3).square()).add(eps);
  return {
    miss: fraction(onlyOne.add(eps), intersection),
    // Its derivative must not cancel for boxes that are far apart, where C is much larger than U.
    empty: complement(union.add(eps).div(enclosing.add(eps))),
    distance: between(0, 2).square().add(between(1, 3).square()).div(diagonal),
    aspect(box) {
      const flat = height(box).eq(0);
      return where(
        flat,
        0,
        width(box)
          .div(where(flat, 1, height(box)))
          .atan(),
      );
    },
  };
}
