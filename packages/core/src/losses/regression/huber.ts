import * as z from 'zod';
import { where } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { regressionInputs } from '../../loss/inputs.ts';

/**
 * Quadratic up to `delta`, linear beyond, with slope `delta` there.
 *
 * `e²/2 if |e| <= delta, else delta·(|e| − delta/2), with e = input − target`
 *
 * - `input`: float, shape (...)
 * - `target`: float, shape (...)
 * - `weight` (optional): float, shape (...), broadcast
 * - `mask` (optional): bool, shape (...), broadcast
 *
 * Options: `delta` (a number > 0, default 1), `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/huber.md
 */
export const huber = defineLoss({
  id: 'huber',
  family: 'regression',
  about: {
    summary: 'Quadratic up to `delta`, linear beyond, with slope `delta` there.',
    formula: 'e²/2 if |e| <= delta, else delta·(|e| − delta/2), with e = input − target',
    use: 'Regression with outliers, where small errors should count as in mse; temporal differences in reinforcement learning.',
    conventions: [
      'A weighted mean divides by the sum of the weights; torch 2.13 divides by the count here, unlike in its other regression losses.',
    ],
    sources: ['Huber 1964, Robust Estimation of a Location Parameter', 'torch 2.13 nn.functional.huber_loss'],
    names: { torch: 'nn.HuberLoss', keras: 'Huber', optax: 'huber_loss', tfjs: 'losses.huberLoss' },
  },
  inputs: regressionInputs,
  options: { delta: z.number().positive().default(1) },
  formula({ input, target }, { delta }) {
    const error = input.sub(target).abs();
    const small = error.le(delta);
    // A large error never enters the square: an infinite one would reach the gradient as 0·∞.
    return where(small, where(small, error, 0).square().mul(0.5), error.sub(0.5 * delta).mul(delta));
  },
});
