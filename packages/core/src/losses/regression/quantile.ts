import * as z from 'zod';
import { where } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { regressionInputs } from '../../loss/inputs.ts';

/**
 * The pinball loss: its minimum is the q-th quantile.
 *
 * `max(q·d, (q − 1)·d), with d = target − input`
 *
 * - `input`: float, shape (...)
 * - `target`: float, shape (...)
 * - `weight` (optional): float, shape (...), broadcast
 * - `mask` (optional): bool, shape (...), broadcast
 *
 * Options: `q` (a number > 0 and < 1, default 0.5), `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/quantile.md
 */
export const quantile = defineLoss({
  id: 'quantile',
  aliases: ['pinball'],
  family: 'regression',
  about: {
    summary: 'The pinball loss: its minimum is the q-th quantile.',
    formula: 'max(q·d, (q − 1)·d), with d = target − input',
    use: 'Quantile regression and prediction intervals, as in forecasting.',
    conventions: ['The gradient at d = 0 is 0.'],
    sources: ['Koenker and Bassett 1978', 'scikit-learn 1.9 mean_pinball_loss'],
    names: { sklearn: 'mean_pinball_loss' },
  },
  inputs: regressionInputs,
  options: { q: z.number().gt(0).lt(1).default(0.5) },
  formula({ input, target }, { q }) {
    const short = target.sub(input);
    return short.abs().mul(where(short.lt(0), 1 - q, q));
  },
});
