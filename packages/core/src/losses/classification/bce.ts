import { clampedLog, clampedLog1m, complement } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { mask, probability, weight } from '../../loss/inputs.ts';

/**
 * Binary cross entropy of probabilities.
 *
 * `−(t·max(log p, −100) + (1−t)·max(log(1−p), −100))`
 *
 * - `input`: probabilities, shape (...)
 * - `target`: probabilities, shape (...)
 * - `weight` (optional): float, shape (...), broadcast
 * - `mask` (optional): bool, shape (...), broadcast
 *
 * Options: `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/bce.md
 */
export const bce = defineLoss({
  id: 'bce',
  family: 'classification',
  about: {
    summary: 'Binary cross entropy of probabilities.',
    formula: '−(t·max(log p, −100) + (1−t)·max(log(1−p), −100))',
    use: 'Only where the model ends in probabilities; with logits take `bceWithLogits`, which does not saturate.',
    conventions: [
      'Logarithms are clamped at −100 and the gradient is (p−t)/max(p(1−p), 1e−12), as in torch; keras, tfjs and scikit-learn clip p instead, each at another value.',
      'A value outside [0, 1], or NaN, is an error.',
      'A weighted mean divides by the count, as in torch.',
    ],
    sources: ['torch 2.13 nn.functional.binary_cross_entropy'],
    names: { torch: 'nn.BCELoss', keras: 'BinaryCrossentropy', tfjs: 'losses.logLoss', sklearn: 'log_loss' },
  },
  inputs: {
    input: probability('...', { checked: true }),
    target: probability('...', { checked: true }),
    weight: weight('...', 'count'),
    mask: mask('...'),
  },
  formula: ({ input, target }) =>
    target
      .mul(clampedLog(input))
      .add(complement(target).mul(clampedLog1m(input)))
      .neg(),
});
