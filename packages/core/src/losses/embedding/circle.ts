import * as z from 'zod';
import { constant, where } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { float, index } from '../../loss/inputs.ts';
import { cosineMatrix } from '../../shared/distances.ts';
import { meanOfNonZero, pairMasks } from '../../shared/pairs.ts';

/**
 * Circle loss on pairs within a batch: each similarity is weighted by how far it is from where it should be.
 *
 * `softplus(LSE_p(−gamma·α_p·(s_p − (1 − margin))) + LSE_n(gamma·α_n·(s_n − margin)))`
 *
 * - `embeddings`: float, shape (N, D)
 * - `labels`: int32 labels, shape (N)
 *
 * Options: `margin` (a number >= 0 and <= 1, default 0.4), `gamma` (a number > 0, default 80), `reduction` ("none",
 * "mean", "sum", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/circle.md
 */
export const circle = defineLoss({
  id: 'circle',
  family: 'embedding',
  about: {
    summary:
      'Circle loss on pairs within a batch: each similarity is weighted by how far it is from where it should be.',
    formula: 'softplus(LSE_p(−gamma·α_p·(s_p − (1 − margin))) + LSE_n(gamma·α_n·(s_n − margin)))',
    use: 'Metric learning with labelled batches: retrieval, re-identification, face recognition.',
    conventions: [
      'As pytorch-metric-learning: normalised inside, weights constant in the gradient, mean over the non-zero, the anchors with a positive and a negative; of none, 0. keras does neither.',
    ],
    sources: ['Sun et al. 2020, Circle Loss', 'pytorch-metric-learning 2.9 CircleLoss'],
    names: { 'pytorch-metric-learning': 'CircleLoss', keras: 'Circle' },
  },
  inputs: { embeddings: float('N D'), labels: index('N') },
  options: { margin: z.number().min(0).max(1).default(0.4), gamma: z.number().positive().default(80) },
  separable: false,
  formula({ embeddings, labels }, { margin, gamma }) {
    const s = cosineMatrix(embeddings, embeddings);
    const { positive, negative } = pairMasks(labels, labels, true);
    const alphaP = constant(1 + margin)
      .sub(s)
      .relu()
      .stopGradient();
    const alphaN = s.add(margin).relu().stopGradient();
    const logitsP = where(positive, alphaP.mul(s.sub(1 - margin)).mul(-gamma), -Infinity);
    const logitsN = where(negative, alphaN.mul(s.sub(margin)).mul(gamma), -Infinity);
    const both = positive.any(1).and(negative.any(1));
    const total = where(both, logitsP.logSumExp(1).add(logitsN.logSumExp(1)), 0);
    return meanOfNonZero(where(both, total.softplus(), 0), both);
  },
});
