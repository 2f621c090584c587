import * as z from 'zod';
import { floorStraightThrough } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { float, mask, nonNegative, repeated } from '../../loss/inputs.ts';

/**
 * The negative log-likelihood of a normal distribution of given variance.
 *
 * `½·(log v + (input − target)²/v), v = max(variance, eps); full adds ½·log 2π`
 *
 * - `input`: float, shape (...)
 * - `target`: float, shape (...)
 * - `variance`: float >= 0, shape (...), broadcast
 * - `mask` (optional): bool, shape (...), broadcast
 *
 * Options: `full` (true or false, default false), `eps` (a number > 0, default 0.000001), `reduction` ("none", "mean",
 * "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/gaussianNll.md
 */
export const gaussianNll = defineLoss({
  id: 'gaussianNll',
  family: 'regression',
  about: {
    summary: 'The negative log-likelihood of a normal distribution of given variance.',
    formula: '½·(log v + (input − target)²/v), v = max(variance, eps); full adds ½·log 2π',
    use: 'Regression that predicts its own uncertainty.',
    conventions: [
      'The floor of the variance does not stop its gradient, as in torch.',
      'A negative variance is an error.',
    ],
    sources: ['Nix and Weigend 1994', 'torch 2.13 nn.functional.gaussian_nll_loss'],
    names: { torch: 'nn.GaussianNLLLoss' },
  },
  inputs: { input: float('...'), target: float('...'), variance: repeated(nonNegative('...')), mask: mask('...') },
  options: { full: z.boolean().default(false), eps: z.number().positive().default(1e-6) },
  formula({ input, target, variance }, { full, eps }) {
    const v = floorStraightThrough(variance, eps);
    const values = v.log().add(input.sub(target).square().div(v)).mul(0.5);
    return full ? values.add(0.5 * Math.log(2 * Math.PI)) : values;
  },
});
