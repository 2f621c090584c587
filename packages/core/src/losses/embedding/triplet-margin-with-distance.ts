import * as z from 'zod';
import { defineLoss } from '../../loss/define.ts';
import { float } from '../../loss/inputs.ts';
import { numberOrInfinity } from '../../loss/options.ts';
import { rowDistance, tripletLoss } from '../../shared/distances.ts';

/**
 * tripletMargin with any distance.
 *
 * `max(0, d(a, p) − d(a, n) + margin); with swap, d(n) = min(d(a, n), d(p, n))`
 *
 * - `anchor`: float, shape (N, D) or (D)
 * - `positive`: float, shape (N, D) or (D)
 * - `negative`: float, shape (N, D) or (D)
 *
 * Options: `margin` (a number >= 0, default 1), `swap` (true or false, default false), `distance` ("euclidean",
 * "squaredEuclidean", "cosine", "manhattan", "chebyshev", "minkowski", default "euclidean"), `p` (a number > 0 or
 * Infinity, default 2), `eps` (a number >= 0, default 0.000001), `reduction` ("none", "mean", "sum", "partial",
 * default "mean").
 *
 * When to use it, conventions, sources: docs/losses/tripletMarginWithDistance.md
 */
export const tripletMarginWithDistance = defineLoss({
  id: 'tripletMarginWithDistance',
  family: 'embedding',
  about: {
    summary: 'tripletMargin with any distance.',
    formula: 'max(0, d(a, p) − d(a, n) + margin); with swap, d(n) = min(d(a, n), d(p, n))',
    use: 'Metric learning and retrieval with triplets under another distance.',
    conventions: ['eps, added to the difference, belongs to euclidean; p to euclidean and minkowski.'],
    sources: ['torch 2.13 nn.functional.triplet_margin_with_distance_loss'],
    names: { torch: 'nn.TripletMarginWithDistanceLoss' },
  },
  inputs: { anchor: float('N D | D'), positive: float('N D | D'), negative: float('N D | D') },
  options: {
    margin: z.number().nonnegative().default(1),
    swap: z.boolean().default(false),
    distance: z
      .enum(['euclidean', 'squaredEuclidean', 'cosine', 'manhattan', 'chebyshev', 'minkowski'])
      .default('euclidean'),
    p: numberOrInfinity(z.number().positive()).default(2),
    eps: z.number().nonnegative().default(1e-6),
  },
  formula: ({ anchor, positive, negative }, { margin, swap, distance, p, eps }) =>
    tripletLoss(rowDistance(distance, { p, eps }), anchor, positive, negative, { margin, swap }),
});
