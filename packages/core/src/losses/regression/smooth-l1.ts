import * as z from 'zod';
import { where } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { regressionInputs } from '../../loss/inputs.ts';

/**
 * Quadratic near 0, linear beyond `beta`, with slope 1 there.
 *
 * `e²/(2·beta) if |e| < beta, else |e| − beta/2, with e = input − target`
 *
 * - `input`: float, shape (...)
 * - `target`: float, shape (...)
 * - `weight` (optional): float, shape (...), broadcast
 * - `mask` (optional): bool, shape (...), broadcast
 *
 * Options: `beta` (a number >= 0, default 1), `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/smoothL1.md
 */
export const smoothL1 = defineLoss({
  id: 'smoothL1',
  family: 'regression',
  about: {
    summary: 'Quadratic near 0, linear beyond `beta`, with slope 1 there.',
    formula: 'e²/(2·beta) if |e| < beta, else |e| − beta/2, with e = input − target',
    use: 'Box regression and other targets with outliers, where the gradient must stay bounded by 1.',
    conventions: ['beta 0 is `l1`.', 'huber with delta d is d times this with beta d.'],
    sources: ['Girshick 2015, Fast R-CNN', 'torch 2.13 nn.functional.smooth_l1_loss'],
    names: { torch: 'nn.SmoothL1Loss' },
  },
  inputs: regressionInputs,
  options: { beta: z.number().nonnegative().default(1) },
  formula({ input, target }, { beta }) {
    const error = input.sub(target).abs();
    if (beta === 0) return error;
    const small = error.lt(beta);
    // A large error never enters the square: an infinite one would reach the gradient as 0·∞.
    return where(small, where(small, error, 0).square().mul(0.5).div(beta), error.sub(0.5 * beta));
  },
});
