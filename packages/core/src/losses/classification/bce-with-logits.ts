import { z } from 'zod';
import { complement, where } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { broadcast, float, mask, weight } from '../../loss/inputs.ts';

export const bceWithLogits = defineLoss({
  id: 'bceWithLogits',
  aliases: ['sigmoidCrossEntropy'],
  family: 'classification',
  about: {
    summary: 'Binary cross entropy of logits, one sigmoid an element.',
    formula: 'posWeight·t·softplus(−x) + (1−t)·softplus(x)',
    use: 'Binary and multi-label classification; `posWeight` trades recall against precision under imbalance.',
    conventions: [
      'A logit of ±∞ gives the limit (0 or ∞), where torch, keras, optax and tfjs give NaN.',
      'labelSmoothing s uses t(1−s) + s/2, as in keras.',
      'A weighted mean divides by the count, as in torch.',
    ],
    sources: [
      'torch 2.13 nn.functional.binary_cross_entropy_with_logits',
      'keras 3.15 BinaryCrossentropy (label smoothing)',
    ],
    names: {
      torch: 'nn.BCEWithLogitsLoss',
      keras: 'BinaryCrossentropy(from_logits=True)',
      optax: 'sigmoid_binary_cross_entropy',
      tfjs: 'losses.sigmoidCrossEntropy',
    },
  },
  inputs: {
    input: float('...'),
    target: float('...'),
    weight: weight('...', 'count'),
    mask: mask('...'),
    posWeight: broadcast(float('...')),
  },
  options: { labelSmoothing: z.number().min(0).max(1).default(0) },
  formula({ input, target, posWeight }, { labelSmoothing }) {
    const t = labelSmoothing === 0 ? target : target.mul(1 - labelSmoothing).add(0.5 * labelSmoothing);
    // Each term is well-conditioned by itself; x − x·t + softplus(−x) cancels. A term of weight 0 is 0 beside an infinite logit too.
    const term = (share: typeof t, x: typeof input) =>
      share.mul(where(share.eq(0).and(x.eq(Infinity)), 0, x).softplus());
    const positive = term(t, input.neg());
    return (posWeight === undefined ? positive : positive.mul(posWeight)).add(term(complement(t), input));
  },
});
