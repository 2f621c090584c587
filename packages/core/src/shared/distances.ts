import { complement, type Expr, where } from '../graph/expr.ts';

/** Rows of length 1; a row of zeros has no direction: it stays zero, with gradient 0. */
export const normalize = (x: Expr): Expr => x.unit(-1, 0);

/** 1 − cos of the angle between rows, each length at least `eps`, as in torch's cosine_similarity. */
export function cosineDistance(x: Expr, y: Expr, eps: number): Expr {
  const [a, b] = [x.unit(-1, eps), y.unit(-1, eps)];
  const cosine = a.mul(b).sum(-1);
  // Between unit vectors it is ½‖a − b‖², which keeps its digits for a small angle.
  const whole = x.norm(-1).minimum(y.norm(-1)).ge(eps);
  return where(whole.and(cosine.gt(0.5)), a.sub(b).square().sum(-1).mul(0.5), complement(cosine));
}

/** Cosines of every row of x with every row of y: (N, D), (K, D) → (N, K). */
export const cosineMatrix = (x: Expr, y: Expr): Expr => normalize(x).matmul(normalize(y).transpose([1, 0]));

export type Distance = 'euclidean' | 'squaredEuclidean' | 'cosine' | 'manhattan' | 'chebyshev' | 'minkowski';

/** A distance between rows; `p` and `eps` belong to `euclidean`, where eps is added to the difference as torch does. */
export function rowDistance(distance: Distance, { p, eps }: { p: number; eps: number }): (x: Expr, y: Expr) => Expr {
  const byName: Readonly<Record<Distance, (x: Expr, y: Expr) => Expr>> = {
    euclidean: (x, y) => x.sub(y).add(eps).norm(-1, p),
    squaredEuclidean: (x, y) => x.sub(y).square().sum(-1),
    cosine: (x, y) => cosineDistance(x, y, 1e-8),
    manhattan: (x, y) => x.sub(y).norm(-1, 1),
    chebyshev: (x, y) => x.sub(y).norm(-1, Number.POSITIVE_INFINITY),
    minkowski: (x, y) => x.sub(y).norm(-1, p),
  };
  return byName[distance];
}

/** max(0, d(a, p) − d(a, n) + margin); with swap, the negative's distance is its smaller one from anchor and positive. */
export function tripletLoss(
  d: (x: Expr, y: Expr) => Expr,
  anchor: Expr,
  positive: Expr,
  negative: Expr,
  { margin, swap }: { margin: number; swap: boolean },
): Expr {
  const toNegative = swap ? d(anchor, negative).minimum(d(positive, negative)) : d(anchor, negative);
  return d(anchor, positive).sub(toNegative).add(margin).relu();
}
