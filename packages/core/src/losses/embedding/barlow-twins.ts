import * as z from 'zod';
import { complement, type Expr, size, where } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { float } from '../../loss/inputs.ts';
import { diagonal } from '../../shared/pairs.ts';

/**
 * The cross-correlation of two views’ features should be the identity.
 *
 * `Σ_i (1 − C_ii)² + lambda·Σ_{i≠j} C_ij²`
 *
 * - `input1`: float, shape (N, D)
 * - `input2`: float, shape (N, D)
 *
 * Options: `lambda` (a number >= 0, default 0.0051), `reduction` ("none", "mean", "sum", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/barlowTwins.md
 */
export const barlowTwins = defineLoss({
  id: 'barlowTwins',
  family: 'embedding',
  about: {
    summary: 'The cross-correlation of two views’ features should be the identity.',
    formula: 'Σ_i (1 − C_ii)² + lambda·Σ_{i≠j} C_ij²',
    use: 'Self-supervised learning from two views of each example, without negatives.',
    conventions: ['Features are standardised as the authors’ BatchNorm does: biased variance, plus 1e−5.'],
    sources: ['Zbontar et al. 2021, Barlow Twins'],
    names: { lightly: 'BarlowTwinsLoss' },
  },
  inputs: { input1: float('N D'), input2: float('N D') },
  options: { lambda: z.number().nonnegative().default(0.0051) },
  separable: false,
  formula({ input1, input2 }, { lambda }) {
    const standard = (x: Expr) => {
      const centred = x.sub(x.mean(0, true));
      return centred.div(centred.square().mean(0, true).add(1e-5).sqrt());
    };
    const correlation = standard(input1)
      .transpose([1, 0])
      .matmul(standard(input2))
      .div(size(input1.shape[0]!).toFloat());
    return where(diagonal(input1.shape[1]!), complement(correlation).square(), correlation.square().mul(lambda)).sum();
  },
});
