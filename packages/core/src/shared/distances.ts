import { constant, type Expr, where } from '../graph/expr.ts';

/** Rows of length 1; a row of zeros has no direction: it stays zero, with gradient 0. */
export function normalize(x: Expr): Expr {
  const length = x.norm(-1, 2, true);
  const none = length.eq(0);
  return where(none, 0, x.div(where(none, 1, length)));
}

/** cos of the angle between rows, each length at least `eps`, as torch's cosine_similarity. */
export const cosineSimilarity = (x: Expr, y: Expr, eps: number): Expr =>
  x
    .div(x.norm(-1, 2, true).maximum(eps))
    .mul(y.div(y.norm(-1, 2, true).maximum(eps)))
    .sum(-1);

export type Distance = 'euclidean' | 'squaredEuclidean' | 'cosine';

/** A distance between rows; `p` and `eps` belong to `euclidean`, where eps is added to the difference as torch does. */
export function rowDistance(distance: Distance, { p, eps }: { p: number; eps: number }): (x: Expr, y: Expr) => Expr {
  if (distance === 'euclidean') return (x, y) => x.sub(y).add(eps).norm(-1, p);
  if (distance === 'squaredEuclidean') return (x, y) => x.sub(y).square().sum(-1);
  return (x, y) => constant(1).sub(cosineSimilarity(x, y, 1e-8));
}
