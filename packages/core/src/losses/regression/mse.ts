import { defineLoss } from '../../loss/define.ts';
import { regressionInputs } from '../../loss/inputs.ts';

/**
 * The squared difference: mean squared error.
 *
 * `(input − target)²`
 *
 * - `input`: float, shape (...)
 * - `target`: float, shape (...)
 * - `weight` (optional): float, shape (...), broadcast
 * - `mask` (optional): bool, shape (...), broadcast
 *
 * Options: `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/mse.md
 */
export const mse = defineLoss({
  id: 'mse',
  aliases: ['l2'],
  family: 'regression',
  about: {
    summary: 'The squared difference: mean squared error.',
    formula: '(input − target)²',
    use: 'Regression with errors of one scale; its minimum is the mean.',
    conventions: [
      'There is no factor ½: that is `halfMse` (optax calls the halved one l2_loss).',
      'A weighted mean divides by the sum of the weights, as in torch.',
    ],
    sources: ['torch 2.13 nn.functional.mse_loss'],
    names: { torch: 'nn.MSELoss', keras: 'MeanSquaredError', optax: 'squared_error', tfjs: 'losses.meanSquaredError' },
  },
  inputs: regressionInputs,
  formula: ({ input, target }) => input.sub(target).square(),
});
