import * as z from 'zod';
import { defineLoss } from '../../loss/define.ts';
import { float, index } from '../../loss/inputs.ts';
import { classAxis } from '../../loss/options.ts';
import { classAxisOf } from '../../loss/shapes.ts';
import { oddsAgainst } from '../../shared/labels.ts';

/**
 * Cross entropy plus its reverse, in which log 0 is a constant.
 *
 * `−alpha·log p_y − beta·logZero·(1 − p_y)`
 *
 * - `input`: float, shape (..., C) with the classes at classAxis
 * - `target`: int32 labels, shape (...)
 *
 * Options: `alpha` (a number >= 0, default 0.1), `beta` (a number >= 0, default 1), `logZero` (a number < 0, default
 * -4), `classAxis` (an integer, default 1), `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/symmetricCrossEntropy.md
 */
export const symmetricCrossEntropy = defineLoss({
  id: 'symmetricCrossEntropy',
  family: 'classification',
  about: {
    summary: 'Cross entropy plus its reverse, in which log 0 is a constant.',
    formula: '−alpha·log p_y − beta·logZero·(1 − p_y)',
    use: 'Classification with noisy labels.',
    sources: ['Wang et al. 2019, Symmetric Cross Entropy for Robust Learning with Noisy Labels'],
  },
  inputs: { input: float('... @C'), target: index('...', { below: 'C' }) },
  options: {
    alpha: z.number().nonnegative().default(0.1),
    beta: z.number().nonnegative().default(1),
    logZero: z.number().negative().default(-4),
    classAxis: classAxis(),
  },
  formula({ input, target }, { alpha, beta, logZero, classAxis }) {
    const axis = classAxisOf({ classAxis }, input.rank);
    // Of the odds z = log((1 − p)/p): −log p = softplus(z), and 1 − p = sigmoid(z).
    const z = oddsAgainst(input, target, axis);
    return z
      .softplus()
      .mul(alpha)
      .add(z.sigmoid().mul(-beta * logZero));
  },
});
