import * as z from 'zod';
import { constant, where } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { regressionInputs } from '../../loss/inputs.ts';

/**
 * The symmetric relative difference, between 0 and 2.
 *
 * `2·|input − target|/max(|input| + |target|, eps)`
 *
 * - `input`: float, shape (...)
 * - `target`: float, shape (...)
 * - `weight` (optional): float, shape (...), broadcast
 * - `mask` (optional): bool, shape (...), broadcast
 *
 * Options: `eps` (a number > 0, default 0.00000117), `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/smape.md
 */
export const smape = defineLoss({
  id: 'smape',
  family: 'regression',
  about: {
    summary: 'The symmetric relative difference, between 0 and 2.',
    formula: '2·|input − target|/max(|input| + |target|, eps)',
    use: 'Forecasting: relative error that stays bounded; against a target of 0 it is 2 whatever the input.',
    conventions: ['Beside an infinite input or target it is its limit, 2.'],
    sources: ['torchmetrics 1.9 symmetric_mean_absolute_percentage_error'],
    names: { torchmetrics: 'SymmetricMeanAbsolutePercentageError' },
  },
  inputs: regressionInputs,
  options: { eps: z.number().positive().default(1.17e-6) },
  formula({ input: x, target: y }, { eps }) {
    const size = x.abs().add(y.abs());
    const error = x.sub(y).abs().mul(2).div(size.maximum(eps));
    // |x − y| is |x| + |y| less twice what they share. Far apart the slope of the quotient cancels: 1/size − |x − y|/size².
    const shared = x.minimum(y).relu().add(x.maximum(y).neg().relu());
    const far = shared
      .mul(4)
      .lt(size)
      .and(size.gt(eps))
      .and(x.eq(0).or(y.eq(0)).not().or(size.eq(Infinity)));
    return where(far, constant(2).sub(shared.mul(4).div(where(far, size, 1))), error);
  },
});
