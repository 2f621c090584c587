import * as z from 'zod';
import { constant, logAddExp, where } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { float, index } from '../../loss/inputs.ts';
import { normalize } from '../../shared/distances.ts';
import { diagonal, pairMasks } from '../../shared/pairs.ts';

/**
 * Each positive pair against all negatives of both its ends.
 *
 * `½·max(0, log Σ_{n negative of i or j} exp(negativeMargin − d) + d_ij − positiveMargin)², averaged over positive
 * pairs`
 *
 * - `embeddings`: float, shape (N, D)
 * - `labels`: int32 labels, shape (N)
 *
 * Options: `negativeMargin` (a number, default 1), `positiveMargin` (a number, default 0), `reduction` ("none",
 * "mean", "sum", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/liftedStructure.md
 */
export const liftedStructure = defineLoss({
  id: 'liftedStructure',
  family: 'embedding',
  about: {
    summary: 'Each positive pair against all negatives of both its ends.',
    formula:
      '½·max(0, log Σ_{n negative of i or j} exp(negativeMargin − d) + d_ij − positiveMargin)², averaged over positive pairs',
    use: 'Metric learning and retrieval with labelled batches.',
    conventions: [
      'Distances of normalised embeddings. A pair without any negative is 0, and so is the mean of no pairs.',
    ],
    sources: [
      'Oh Song et al. 2016, Lifted Structured Feature Embedding',
      'pytorch-metric-learning 2.9 LiftedStructureLoss',
    ],
    names: { 'pytorch-metric-learning': 'LiftedStructureLoss' },
  },
  inputs: { embeddings: float('N D'), labels: index('N') },
  options: { negativeMargin: z.number().default(1), positiveMargin: z.number().default(0) },
  separable: false,
  formula({ embeddings, labels }, { negativeMargin, positiveMargin }) {
    const unit = normalize(embeddings);
    const self = diagonal(embeddings.shape[0]!).expandDims(2);
    const d = where(self, 0, unit.expandDims(1).sub(unit.expandDims(0))).norm(-1);
    const { positive, negative } = pairMasks(labels, labels, true);
    const push = where(negative, constant(negativeMargin).sub(d), -Infinity).logSumExp(1);
    const both = logAddExp(push.expandDims(1), push.expandDims(0));
    const used = positive.and(both.ne(-Infinity));
    const violation = where(used, where(used, both, 0).add(d).sub(positiveMargin), 0).relu();
    return violation.square().sum().mul(0.5).div(positive.toFloat().sum().maximum(1));
  },
});
