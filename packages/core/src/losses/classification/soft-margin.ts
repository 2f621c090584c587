import { defineLoss } from '../../loss/define.ts';
import { float, sign } from '../../loss/inputs.ts';

/**
 * The logistic loss with targets −1 and 1.
 *
 * `log(1 + exp(−t·x))`
 *
 * - `input`: float, shape (...)
 * - `target`: −1 or 1, shape (...)
 *
 * Options: `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/softMargin.md
 */
export const softMargin = defineLoss({
  id: 'softMargin',
  family: 'classification',
  about: {
    summary: 'The logistic loss with targets −1 and 1.',
    formula: 'log(1 + exp(−t·x))',
    use: 'Binary classification with ±1 targets.',
    conventions: ['torch overflows: its value is ∞ from t·x = −89 in float32.'],
    sources: ['torch 2.13 nn.functional.soft_margin_loss'],
    names: { torch: 'nn.SoftMarginLoss' },
  },
  inputs: { input: float('...'), target: sign('...') },
  formula: ({ input, target }) => target.mul(input).neg().softplus(),
});
