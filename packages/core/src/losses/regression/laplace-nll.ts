import * as z from 'zod';
import { floorStraightThrough } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { float, mask, nonNegative, repeated } from '../../loss/inputs.ts';

/**
 * The negative log-likelihood of a Laplace distribution of given scale.
 *
 * `log(2b) + |input − target|/b, b = max(scale, eps)`
 *
 * - `input`: float, shape (...)
 * - `target`: float, shape (...)
 * - `scale`: float >= 0, shape (...), broadcast
 * - `mask` (optional): bool, shape (...), broadcast
 *
 * Options: `eps` (a number > 0, default 0.000001), `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/laplaceNll.md
 */
export const laplaceNll = defineLoss({
  id: 'laplaceNll',
  family: 'regression',
  about: {
    summary: 'The negative log-likelihood of a Laplace distribution of given scale.',
    formula: 'log(2b) + |input − target|/b, b = max(scale, eps)',
    use: 'Regression with outliers that predicts its own uncertainty.',
    conventions: ['The floor works as in gaussianNll.'],
    sources: ['the density of the Laplace distribution'],
  },
  inputs: { input: float('...'), target: float('...'), scale: repeated(nonNegative('...')), mask: mask('...') },
  options: { eps: z.number().positive().default(1e-6) },
  formula({ input, target, scale }, { eps }) {
    const b = floorStraightThrough(scale, eps);
    return b.mul(2).log().add(input.sub(target).abs().div(b));
  },
});
