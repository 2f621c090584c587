import { defineLoss } from '../../loss/define.ts';
import { regressionInputs } from '../../loss/inputs.ts';

/**
 * The negative log-likelihood of a Cauchy distribution, up to constants: grows like a logarithm.
 *
 * `log(1 + e²/2), with e = input − target`
 *
 * - `input`: float, shape (...)
 * - `target`: float, shape (...)
 * - `weight` (optional): float, shape (...), broadcast
 * - `mask` (optional): bool, shape (...), broadcast
 *
 * Options: `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/cauchy.md
 */
export const cauchy = defineLoss({
  id: 'cauchy',
  family: 'regression',
  about: {
    summary: 'The negative log-likelihood of a Cauchy distribution, up to constants: grows like a logarithm.',
    formula: 'log(1 + e²/2), with e = input − target',
    use: 'Regression with gross outliers.',
    sources: ['Barron 2019, A General and Adaptive Robust Loss Function', 'kornia cauchy_loss'],
    names: { kornia: 'losses.CauchyLoss' },
  },
  inputs: regressionInputs,
  formula: ({ input, target }) => input.sub(target).robust(0),
});
