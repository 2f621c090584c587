import * as z from 'zod';
import { complement, type Expr, size, where } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { float } from '../../loss/inputs.ts';
import { diagonal } from '../../shared/pairs.ts';

/**
 * Invariance, variance and covariance of two views’ features.
 *
 * `invariance·mse + variance·½·Σ mean max(0, 1 − std) + covariance·Σ Σ_{i≠j} Cov_ij²/D`
 *
 * - `input1`: float, shape (N, D)
 * - `input2`: float, shape (N, D)
 *
 * Options: `invariance` (a number >= 0, default 25), `variance` (a number >= 0, default 25), `covariance` (a number >=
 * 0, default 1), `eps` (a number > 0, default 0.0001), `reduction` ("none", "mean", "sum", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/vicReg.md
 */
export const vicReg = defineLoss({
  id: 'vicReg',
  family: 'embedding',
  about: {
    summary: 'Invariance, variance and covariance of two views’ features.',
    formula: 'invariance·mse + variance·½·Σ mean max(0, 1 − std) + covariance·Σ Σ_{i≠j} Cov_ij²/D',
    use: 'Self-supervised learning from two views of each example, without negatives.',
    conventions: ['Variances and covariances divide by N − 1: one row has none, and gives NaN.'],
    sources: ['Bardes, Ponce and LeCun 2022, VICReg'],
    names: { lightly: 'VICRegLoss', 'pytorch-metric-learning': 'VICRegLoss' },
  },
  inputs: { input1: float('N D'), input2: float('N D') },
  options: {
    invariance: z.number().nonnegative().default(25),
    variance: z.number().nonnegative().default(25),
    covariance: z.number().nonnegative().default(1),
    eps: z.number().positive().default(1e-4),
  },
  separable: false,
  formula({ input1, input2 }, { invariance, variance, covariance, eps }) {
    const [n, d] = [size(input1.shape[0]!).toFloat(), size(input1.shape[1]!).toFloat()];
    const centred = (x: Expr) => x.sub(x.mean(0, true));
    const spread = (x: Expr) =>
      complement(centred(x).square().sum(0).div(n.sub(1)).add(eps).sqrt())
        .relu()
        .mean();
    const redundancy = (x: Expr) => {
      const c = centred(x).transpose([1, 0]).matmul(centred(x)).div(n.sub(1));
      return where(diagonal(input1.shape[1]!), 0, c.square()).sum().div(d);
    };
    const both = (part: (x: Expr) => Expr) => part(input1).add(part(input2));
    return input1
      .sub(input2)
      .square()
      .mean()
      .mul(invariance)
      .add(both(spread).mul(0.5 * variance))
      .add(both(redundancy).mul(covariance));
  },
});
