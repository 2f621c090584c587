import * as z from 'zod';
import { where } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { regressionInputs } from '../../loss/inputs.ts';

/**
 * The absolute difference in per cent of the target.
 *
 * `100·|input − target|/max(|target|, eps)`
 *
 * - `input`: float, shape (...)
 * - `target`: float, shape (...)
 * - `weight` (optional): float, shape (...), broadcast
 * - `mask` (optional): bool, shape (...), broadcast
 *
 * Options: `eps` (a number > 0, default 1e-7), `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/mape.md
 */
export const mape = defineLoss({
  id: 'mape',
  family: 'regression',
  about: {
    summary: 'The absolute difference in per cent of the target.',
    formula: '100·|input − target|/max(|target|, eps)',
    use: 'Forecasting: relative error of positive targets; undefined in spirit near target 0, where eps decides.',
    conventions: [
      'keras and tfjs multiply by 100 and floor at 1e−7, as here; scikit-learn and torchmetrics do neither.',
    ],
    sources: ['keras 3.15 MeanAbsolutePercentageError'],
    names: { keras: 'MeanAbsolutePercentageError', sklearn: 'mean_absolute_percentage_error' },
  },
  inputs: regressionInputs,
  options: { eps: z.number().positive().default(1e-7) },
  formula({ input, target }, { eps }) {
    const [error, size] = [input.sub(target), target.abs()];
    // Far from a target its slope would cancel in the quotient: 1/|target| − |input − target|/target².
    const far = error.abs().gt(size.mul(0.5)).and(size.gt(eps));
    const ratio = input.div(where(far, target, 1)).sub(1);
    return where(far, ratio, error.div(size.maximum(eps)))
      .abs()
      .mul(100);
  },
});
