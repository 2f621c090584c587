import * as z from 'zod';
import { productOfDims } from '../../graph/dim.ts';
import { type Expr, iota, where } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { float, index } from '../../loss/inputs.ts';
import { classAxis } from '../../loss/options.ts';
import { classAxisOf } from '../../loss/shapes.ts';
import { lovasz } from '../../shared/lovasz.ts';
import { activated, complementOf } from '../../shared/regions.ts';

/**
 * The convex surrogate of the mean intersection over union.
 *
 * `mean over present classes of Σ_k |1[y = c] − p_c|₍ₖ₎·ΔJ_k, errors sorted downwards`
 *
 * - `input`: float, shape (..., C) with the classes at classAxis
 * - `target`: int32 labels, shape (...)
 *
 * Options: `activation` ("none", "sigmoid", "softmax", default "softmax"), `classAxis` (an integer, default 1),
 * `reduction` ("none", "mean", "sum", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/lovaszSoftmax.md
 */
export const lovaszSoftmax = defineLoss({
  id: 'lovaszSoftmax',
  family: 'segmentation',
  about: {
    summary: 'The convex surrogate of the mean intersection over union.',
    formula: 'mean over present classes of Σ_k |1[y = c] − p_c|₍ₖ₎·ΔJ_k, errors sorted downwards',
    use: 'Multi-class segmentation judged by mean IoU, as fine-tuning after cross entropy.',
    conventions: [
      'The mean is over the classes in the target; at hard predictions it is 1 − mIoU. kornia 0.9.0rc1 is not.',
    ],
    sources: ['Berman et al. 2018, The Lovász-Softmax Loss'],
    names: { kornia: 'losses.LovaszSoftmaxLoss', smp: 'LovaszLoss(multiclass)' },
  },
  inputs: { input: float('... @C'), target: index('...', { below: 'C' }) },
  options: { activation: z.enum(['none', 'sigmoid', 'softmax']).default('softmax'), classAxis: classAxis() },
  separable: false,
  formula({ input, target }, { activation, classAxis }) {
    const axis = classAxisOf({ classAxis }, input.rank);
    // Classes first, positions in a row: (C, N·…).
    const order = [axis, ...Array.from({ length: input.rank }, (_, k) => k).filter((k) => k !== axis)];
    const positions = productOfDims(target.shape);
    const rows = (x: Expr) => x.transpose(order).reshape([input.shape[axis]!, positions]);
    const p = rows(activated(input, activation, axis));
    const own = iota(input.shape[axis]!)
      .expandDims(1)
      .eq(target.reshape([1, positions]));
    const truth = own.toFloat();
    const present = truth.max(1).gt(0);
    const errors = where(own, rows(complementOf(input, activation, axis)), p).abs();
    const losses = lovasz(errors, truth, (sorted) => sorted);
    return where(present, losses, 0).sum().div(present.toFloat().sum().maximum(1));
  },
});
