import { defineLoss } from '../../loss/define.ts';
import { regressionInputs } from '../../loss/inputs.ts';

/**
 * The absolute difference: mean absolute error.
 *
 * `|input − target|`
 *
 * - `input`: float, shape (...)
 * - `target`: float, shape (...)
 * - `weight` (optional): float, shape (...), broadcast
 * - `mask` (optional): bool, shape (...), broadcast
 *
 * Options: `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/l1.md
 */
export const l1 = defineLoss({
  id: 'l1',
  aliases: ['mae'],
  family: 'regression',
  about: {
    summary: 'The absolute difference: mean absolute error.',
    formula: '|input − target|',
    use: 'Regression where outliers should not dominate; its minimum is the median.',
    conventions: [
      'The gradient at a difference of 0 is 0 (JAX gives 1, TensorFlow.js −1).',
      'A weighted mean divides by the sum of the weights, as in torch.',
    ],
    sources: ['torch 2.13 nn.functional.l1_loss'],
    names: { torch: 'nn.L1Loss', keras: 'MeanAbsoluteError', tfjs: 'losses.absoluteDifference' },
  },
  inputs: regressionInputs,
  formula: ({ input, target }) => input.sub(target).abs(),
});
