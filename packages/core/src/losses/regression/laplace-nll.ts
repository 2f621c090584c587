import * as z from 'zod';
import { floorStraightThrough } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { float, mask, nonNegative, repeated } from '../../loss/inputs.ts';

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
