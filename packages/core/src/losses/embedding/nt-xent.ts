import * as z from 'zod';
import { where } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { float, index } from '../../loss/inputs.ts';
import { cosineMatrix } from '../../shared/distances.ts';
import { pairMasks } from '../../shared/pairs.ts';

/**
 * Each positive pair against all negatives of its anchor.
 *
 * `−log(exp(s_ij/T)/(exp(s_ij/T) + Σ_{k negative of i} exp(s_ik/T))), averaged over positive pairs`
 *
 * - `embeddings`: float, shape (N, D)
 * - `labels`: int32 labels, shape (N)
 *
 * Options: `temperature` (a number > 0, default 0.07), `reduction` ("none", "mean", "sum", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/ntXent.md
 */
export const ntXent = defineLoss({
  id: 'ntXent',
  family: 'embedding',
  about: {
    summary: 'Each positive pair against all negatives of its anchor.',
    formula: '−log(exp(s_ij/T)/(exp(s_ij/T) + Σ_{k negative of i} exp(s_ik/T))), averaged over positive pairs',
    use: 'Self-supervised contrastive learning (SimCLR): views of one example share a label.',
    conventions: [
      'As pytorch-metric-learning: labels say which pairs are positive; with two views an example it is SimCLR’s.',
      'Without a positive pair it is 0.',
    ],
    sources: ['Chen et al. 2020, SimCLR', 'pytorch-metric-learning 2.9 NTXentLoss'],
    names: { 'pytorch-metric-learning': 'NTXentLoss', optax: 'ntxent' },
  },
  inputs: { embeddings: float('N D'), labels: index('N') },
  options: { temperature: z.number().positive().default(0.07) },
  separable: false,
  formula({ embeddings, labels }, { temperature }) {
    const logits = cosineMatrix(embeddings, embeddings).div(temperature);
    const { positive, negative } = pairMasks(labels, labels, true);
    const others = where(negative, logits, -Infinity).logSumExp(1, true);
    // log(e^s + e^others) − s as softplus(others − s); pairs that are not positive never enter.
    const pairs = where(positive, where(positive, others.sub(logits), 0).softplus(), 0);
    return pairs.sum().div(positive.toFloat().sum().maximum(1));
  },
});
