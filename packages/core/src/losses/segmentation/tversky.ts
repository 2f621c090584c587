import * as z from 'zod';
import { defineLoss } from '../../loss/define.ts';
import { float } from '../../loss/inputs.ts';
import { classAxis } from '../../loss/options.ts';
import { batchHasNoPartial, tverskyLoss } from '../../shared/regions.ts';

/**
 * Dice with unequal costs for false positives and false negatives.
 *
 * `1 − (I + smooth)/(I + alpha·Σp(1−t) + beta·Σ(1−p)t + smooth)`
 *
 * - `input`: float, shape (..., C) with the classes at classAxis
 * - `target`: float, shape (..., C) with the classes at classAxis
 *
 * Options: `alpha` (a number >= 0, default 0.5), `beta` (a number >= 0, default 0.5), `activation` ("none", "sigmoid",
 * "softmax", default "none"), `smooth` (a number >= 0, default 0), `per` ("sample", "batch", default "sample"),
 * `classAxis` (an integer, default 1), `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/tversky.md
 */
export const tversky = defineLoss({
  id: 'tversky',
  family: 'segmentation',
  about: {
    summary: 'Dice with unequal costs for false positives and false negatives.',
    formula: '1 − (I + smooth)/(I + alpha·Σp(1−t) + beta·Σ(1−p)t + smooth)',
    use: 'Segmentation under class imbalance, where recall and precision are traded: `alpha` and `beta`.',
    conventions: ['alpha weighs false positives, beta false negatives, as in the paper and MONAI; keras swaps them.'],
    sources: ['Salehi et al. 2017, Tversky loss', 'MONAI TverskyLoss'],
    names: { keras: 'Tversky', monai: 'TverskyLoss' },
  },
  inputs: { input: float('... @C'), target: float('... @C') },
  options: {
    alpha: z.number().nonnegative().default(0.5),
    beta: z.number().nonnegative().default(0.5),
    activation: z.enum(['none', 'sigmoid', 'softmax']).default('none'),
    smooth: z.number().nonnegative().default(0),
    per: z.enum(['sample', 'batch']).default('sample'),
    classAxis: classAxis(),
  },
  precondition: batchHasNoPartial,
  formula({ input, target }, { alpha, beta, ...region }) {
    return tverskyLoss(input, target, alpha, beta, region);
  },
});
