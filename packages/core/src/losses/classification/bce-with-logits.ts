import * as z from 'zod';
import { logisticLoss } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { broadcast, float, mask, weight } from '../../loss/inputs.ts';

/**
 * Binary cross entropy of logits, one sigmoid an element.
 *
 * `posWeight·t·softplus(−x) + (1−t)·softplus(x)`
 *
 * - `input`: float, shape (...)
 * - `target`: float, shape (...)
 * - `weight` (optional): float, shape (...), broadcast
 * - `mask` (optional): bool, shape (...), broadcast
 * - `posWeight` (optional): float, shape (...), broadcast
 *
 * Options: `labelSmoothing` (a number >= 0 and <= 1, default 0), `reduction` ("none", "mean", "sum", "partial",
 * default "mean").
 *
 * When to use it, conventions, sources: docs/losses/bceWithLogits.md
 */
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
    return logisticLoss(input, t, posWeight);
  },
});
