import * as z from 'zod';
import { where } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { float } from '../../loss/inputs.ts';
import { classAxis } from '../../loss/options.ts';
import { batchHasNoPartial, tverskyLoss } from '../../shared/regions.ts';

/**
 * The Tversky loss to a power that turns towards what is hard.
 *
 * `tversky^(1/gamma)`
 *
 * - `input`: float, shape (..., C) with the classes at classAxis
 * - `target`: float, shape (..., C) with the classes at classAxis
 *
 * Options: `alpha` (a number >= 0, default 0.3), `beta` (a number >= 0, default 0.7), `gamma` (a number > 0, default
 * 1.3333333333333333), `activation` ("none", "sigmoid", "softmax", default "none"), `smooth` (a number >= 0, default
 * 0), `per` ("sample", "batch", default "sample"), `classAxis` (an integer, default 1), `reduction` ("none", "mean",
 * "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/focalTversky.md
 */
export const focalTversky = defineLoss({
  id: 'focalTversky',
  family: 'segmentation',
  about: {
    summary: 'The Tversky loss to a power that turns towards what is hard.',
    formula: 'tversky^(1/gamma)',
    use: 'Segmentation under class imbalance: small or unbalanced regions, as in medical images.',
    conventions: [
      'The paper’s power is 1/gamma; segmentation-models-pytorch’s is gamma.',
      'alpha weighs false positives, beta false negatives, as in `tversky`; the paper’s alpha, 0.7, weighs false negatives.',
      'A perfect region has value 0 and gradient 0, where the root’s slope is infinite.',
    ],
    sources: ['Abraham and Khan 2019, Focal Tversky'],
  },
  inputs: { input: float('... @C'), target: float('... @C') },
  options: {
    alpha: z.number().nonnegative().default(0.3),
    beta: z.number().nonnegative().default(0.7),
    gamma: z
      .number()
      .positive()
      .default(4 / 3),
    activation: z.enum(['none', 'sigmoid', 'softmax']).default('none'),
    smooth: z.number().nonnegative().default(0),
    per: z.enum(['sample', 'batch']).default('sample'),
    classAxis: classAxis(),
  },
  precondition: batchHasNoPartial,
  formula({ input, target }, { alpha, beta, gamma, ...region }) {
    const base = tverskyLoss(input, target, alpha, beta, region);
    // The slope of the root at 0 is infinite; a perfect region has nothing left to learn.
    const perfect = base.eq(0);
    return where(perfect, 0, where(perfect, 1, base).pow(1 / gamma));
  },
});
