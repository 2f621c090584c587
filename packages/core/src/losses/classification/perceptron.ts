import { defineLoss } from '../../loss/define.ts';
import { float, mask, sign, weight } from '../../loss/inputs.ts';

/**
 * The perceptron’s loss: only what is on the wrong side counts.
 *
 * `max(0, −t·x), t = ±1`
 *
 * - `input`: float, shape (...)
 * - `target`: −1 or 1, shape (...)
 * - `weight` (optional): float, shape (...), broadcast
 * - `mask` (optional): bool, shape (...), broadcast
 *
 * Options: `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/perceptron.md
 */
export const perceptron = defineLoss({
  id: 'perceptron',
  family: 'classification',
  about: {
    summary: 'The perceptron’s loss: only what is on the wrong side counts.',
    formula: 'max(0, −t·x), t = ±1',
    use: 'Binary classification, historically.',
    sources: ['Rosenblatt 1958', 'optax 0.2 perceptron_loss'],
    names: { optax: 'perceptron_loss' },
  },
  inputs: { input: float('...'), target: sign('...'), weight: weight('...', 'count'), mask: mask('...') },
  formula: ({ input, target }) => target.neg().mul(input).relu(),
});
