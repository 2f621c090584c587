import * as z from 'zod';
import { defineLoss } from '../../loss/define.ts';
import { regressionInputs } from '../../loss/inputs.ts';

/**
 * The squared difference of logarithms.
 *
 * `(log(1 + max(input, eps)) − log(1 + max(target, eps)))²`
 *
 * - `input`: float, shape (...)
 * - `target`: float, shape (...)
 * - `weight` (optional): float, shape (...), broadcast
 * - `mask` (optional): bool, shape (...), broadcast
 *
 * Options: `eps` (a number >= 0, default 1e-7), `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/msle.md
 */
export const msle = defineLoss({
  id: 'msle',
  family: 'regression',
  about: {
    summary: 'The squared difference of logarithms.',
    formula: '(log(1 + max(input, eps)) − log(1 + max(target, eps)))²',
    use: 'Positive targets over several orders of magnitude.',
    conventions: ['Negative values are floored at eps, as in keras; torchmetrics gives NaN and scikit-learn raises.'],
    sources: ['keras 3.15 MeanSquaredLogarithmicError'],
    names: { keras: 'MeanSquaredLogarithmicError', sklearn: 'mean_squared_log_error' },
  },
  inputs: regressionInputs,
  options: { eps: z.number().nonnegative().default(1e-7) },
  formula({ input, target }, { eps }) {
    const [x, y] = [input.maximum(eps), target.maximum(eps)];
    // The logarithm of the quotient (1 + larger)/(1 + smaller): the difference of two logarithms cancels where x is near y.
    return x.sub(y).abs().div(x.minimum(y).add(1)).log1p().square();
  },
});
