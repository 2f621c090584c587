import * as z from 'zod';
import { defineLoss } from '../../loss/define.ts';
import { float } from '../../loss/inputs.ts';
import { numberOrInfinity } from '../../loss/options.ts';
import { rowDistance, tripletLoss } from '../../shared/distances.ts';

/**
 * An anchor should be nearer to its positive than to its negative, by a margin.
 *
 * `max(0, d(a, p) − d(a, n) + margin); with swap, d(n) = min(d(a, n), d(p, n))`
 *
 * - `anchor`: float, shape (N, D) or (D)
 * - `positive`: float, shape (N, D) or (D)
 * - `negative`: float, shape (N, D) or (D)
 *
 * Options: `margin` (a number >= 0, default 1), `p` (a number > 0 or Infinity, default 2), `eps` (a number >= 0,
 * default 0.000001), `swap` (true or false, default false), `distance` ("euclidean", "squaredEuclidean", "cosine",
 * default "euclidean"), `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/tripletMargin.md
 */
export const tripletMargin = defineLoss({
  id: 'tripletMargin',
  family: 'embedding',
  about: {
    summary: 'An anchor should be nearer to its positive than to its negative, by a margin.',
    formula: 'max(0, d(a, p) − d(a, n) + margin); with swap, d(n) = min(d(a, n), d(p, n))',
    use: 'Metric learning with mined triplets: retrieval, re-identification, faces; `distance: squaredEuclidean` is FaceNet’s.',
    conventions: [
      '`euclidean` is the p-norm of x − y + eps, as in torch: eps is added to the difference, not under the root.',
      'At the kink, and where a norm is 0, the gradient is 0.',
      'p and eps belong to `euclidean`; `cosine` is 1 − cos.',
    ],
    sources: [
      'torch 2.13 nn.functional.triplet_margin_loss',
      'Balntas et al. 2016 (swap)',
      'Schroff et al. 2015, FaceNet',
    ],
    names: { torch: 'nn.TripletMarginLoss', optax: 'triplet_margin_loss' },
  },
  inputs: { anchor: float('N D | D'), positive: float('N D | D'), negative: float('N D | D') },
  options: {
    margin: z.number().nonnegative().default(1),
    p: numberOrInfinity(z.number().positive()).default(2),
    eps: z.number().nonnegative().default(1e-6),
    swap: z.boolean().default(false),
    distance: z.enum(['euclidean', 'squaredEuclidean', 'cosine']).default('euclidean'),
  },
  formula: ({ anchor, positive, negative }, { margin, swap, distance, p, eps }) =>
    tripletLoss(rowDistance(distance, { p, eps }), anchor, positive, negative, { margin, swap }),
});
