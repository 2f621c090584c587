import * as z from 'zod';
import { type Expr, where } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { float, index } from '../../loss/inputs.ts';
import { cosineMatrix } from '../../shared/distances.ts';
import { pairMasks } from '../../shared/pairs.ts';

/**
 * Pairs are weighted by their own similarity and by the others’.
 *
 * `log(1 + Σ_p exp(−alpha·(s_p − base)))/alpha + log(1 + Σ_n exp(beta·(s_n − base)))/beta`
 *
 * - `embeddings`: float, shape (N, D)
 * - `labels`: int32 labels, shape (N)
 *
 * Options: `alpha` (a number > 0, default 2), `beta` (a number > 0, default 50), `base` (a number, default 0.5),
 * `reduction` ("none", "mean", "sum", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/multiSimilarity.md
 */
export const multiSimilarity = defineLoss({
  id: 'multiSimilarity',
  family: 'embedding',
  about: {
    summary: 'Pairs are weighted by their own similarity and by the others’.',
    formula: 'log(1 + Σ_p exp(−alpha·(s_p − base)))/alpha + log(1 + Σ_n exp(beta·(s_n − base)))/beta',
    use: 'Metric learning and image retrieval with labelled batches.',
    conventions: ['Cosines; without the paper’s mining. The mean is over all anchors.'],
    sources: ['Wang et al. 2019, Multi-Similarity Loss', 'pytorch-metric-learning 2.9 MultiSimilarityLoss'],
    names: { 'pytorch-metric-learning': 'MultiSimilarityLoss' },
  },
  inputs: { embeddings: float('N D'), labels: index('N') },
  options: {
    alpha: z.number().positive().default(2),
    beta: z.number().positive().default(50),
    base: z.number().default(0.5),
  },
  separable: false,
  formula({ embeddings, labels }, { alpha, beta, base }) {
    const s = cosineMatrix(embeddings, embeddings).sub(base);
    const { positive, negative } = pairMasks(labels, labels, true);
    // log(1 + Σ exp) = softplus of a logSumExp; without pairs it is 0.
    const side = (mask: Expr, factor: number) =>
      where(mask, s.mul(factor), -Infinity).logSumExp(1).softplus().div(Math.abs(factor));
    return side(positive, -alpha).add(side(negative, beta));
  },
});
