import { halfDeviance } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { regressionInputs } from '../../loss/inputs.ts';

/**
 * The unit deviance of a gamma distribution.
 *
 * `2·(log(x/y) + y/x − 1)`
 *
 * - `input`: float, shape (...)
 * - `target`: float, shape (...)
 * - `weight` (optional): float, shape (...), broadcast
 * - `mask` (optional): bool, shape (...), broadcast
 *
 * Options: `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/gammaDeviance.md
 */
export const gammaDeviance = defineLoss({
  id: 'gammaDeviance',
  family: 'regression',
  about: {
    summary: 'The unit deviance of a gamma distribution.',
    formula: '2·(log(x/y) + y/x − 1)',
    use: 'Positive targets with a constant relative error.',
    conventions: ['Nothing is checked: input and target should be positive. It is tweedieDeviance with power 2.'],
    sources: ['scikit-learn 1.9 mean_gamma_deviance'],
    names: { sklearn: 'mean_gamma_deviance' },
  },
  inputs: regressionInputs,
  formula: ({ input, target }) => halfDeviance(input, target, 2).mul(2),
});
