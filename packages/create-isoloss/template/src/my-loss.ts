import { defineLoss, inputs, where } from '@isoloss/core';
import * as z from 'zod';

/**
 * Huber's loss with a dead zone: errors up to `tolerance` cost nothing, the next `delta` quadratically, all beyond linearly.
 *
 * @example
 * const loss = myLoss({ tolerance: 0.5, reduction: 'sum' });
 */
export const myLoss = defineLoss({
  id: 'myLoss',
  family: 'regression',
  // What `isoloss show` and `isoloss list --search` tell about it.
  about: {
    summary: 'Huber’s loss of what an error exceeds a tolerance by.',
    formula: 'r²/2 if r <= delta, else delta·(r − delta/2), with r = max(|input − target| − tolerance, 0)',
    use: 'Regression on measurements that are no more exact than the tolerance, and that have outliers.',
    conventions: ['At the edge of the tolerance the gradient is 0.'],
    sources: [
      'Vapnik 1995, The Nature of Statistical Learning Theory, §6.1: the insensitive zone',
      'Huber 1964, Robust Estimation of a Location Parameter',
    ],
  },
  // `...` is any number of axes, the same for all. Weights and masks come with these; so do their means.
  inputs: inputs.regressionInputs,
  // Each option has a default and a range: what is outside is an error that names both.
  options: {
    tolerance: z.number().nonnegative().default(0.1),
    delta: z.number().positive().default(1),
  },
  // The loss of each element, before weights, mask and reduction. Its gradient is derived: don't write one.
  formula({ input, target }, { tolerance, delta }) {
    const excess = input.sub(target).abs().sub(tolerance).relu();
    const small = excess.le(delta);
    // A large error never enters the square: an infinite one would reach the gradient as 0·∞.
    return where(small, where(small, excess, 0).square().mul(0.5), excess.sub(0.5 * delta).mul(delta));
  },
});
