import * as z from 'zod';
import { where } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { float, index } from '../../loss/inputs.ts';
import { cosineMatrix } from '../../shared/distances.ts';
import { diagonal, maskedMean, meanOfNonZero, pairMasks } from '../../shared/pairs.ts';

/**
 * Supervised contrastive: the mean over positives of their log-probability among all others.
 *
 * `−mean_{p positive of i} log(exp(s_ip/T)/Σ_{k≠i} exp(s_ik/T)), averaged over the non-zero`
 *
 * - `embeddings`: float, shape (N, D)
 * - `labels`: int32 labels, shape (N)
 *
 * Options: `temperature` (a number > 0, default 0.1), `reduction` ("none", "mean", "sum", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/supCon.md
 */
export const supCon = defineLoss({
  id: 'supCon',
  family: 'embedding',
  about: {
    summary: 'Supervised contrastive: the mean over positives of their log-probability among all others.',
    formula: '−mean_{p positive of i} log(exp(s_ip/T)/Σ_{k≠i} exp(s_ik/T)), averaged over the non-zero',
    use: 'Contrastive learning with labelled batches: pretraining before classification.',
    conventions: [
      'As pytorch-metric-learning; the authors’ code multiplies by T/0.07 and gives NaN for an anchor without a positive.',
      'An anchor without a positive is 0 and not counted. pytorch-metric-learning also gives 0 for a batch of one class, which the paper’s formula doesn’t.',
    ],
    sources: ['Khosla et al. 2020, Supervised Contrastive Learning', 'pytorch-metric-learning 2.9 SupConLoss'],
    names: { 'pytorch-metric-learning': 'SupConLoss' },
  },
  inputs: { embeddings: float('N D'), labels: index('N') },
  options: { temperature: z.number().positive().default(0.1) },
  separable: false,
  formula({ embeddings, labels }, { temperature }) {
    const logits = cosineMatrix(embeddings, embeddings).div(temperature);
    const self = diagonal(embeddings.shape[0]!);
    const { positive } = pairMasks(labels, labels, true);
    const logP = where(self, -Infinity, logits).logSoftmax(1);
    return meanOfNonZero(maskedMean(where(positive, logP, 0), positive, 1).neg(), positive.any(1));
  },
});
