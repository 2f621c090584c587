import * as z from 'zod';
import { fraction } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { float } from '../../loss/inputs.ts';
import { classAxis } from '../../loss/options.ts';
import { classAxisOf } from '../../loss/shapes.ts';
import { activated, batchHasNoPartial, overlaps, overTotals } from '../../shared/regions.ts';

/**
 * 1 less the Dice coefficient: twice the overlap over the sum of both.
 *
 * `1 − (2·Σpt + smooth)/(Σp + Σt + smooth)`
 *
 * - `input`: float, shape (..., C) with the classes at classAxis
 * - `target`: float, shape (..., C) with the classes at classAxis
 *
 * Options: `activation` ("none", "sigmoid", "softmax", default "none"), `smooth` (a number >= 0, default 0), `squared`
 * (true or false, default false), `per` ("sample", "batch", default "sample"), `classAxis` (an integer, default 1),
 * `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/dice.md
 */
export const dice = defineLoss({
  id: 'dice',
  family: 'segmentation',
  about: {
    summary: '1 less the Dice coefficient: twice the overlap over the sum of both.',
    formula: '1 − (2·Σpt + smooth)/(Σp + Σt + smooth)',
    use: 'Segmentation under class imbalance: small or unbalanced regions, as in medical images.',
    conventions: [
      'Empty against empty is 0 (keras: 1).',
      'One value a sample and class, or a class over the whole batch: `per`.',
    ],
    sources: ['Milletari et al. 2016, V-Net', 'MONAI DiceLoss'],
    names: { keras: 'Dice', optax: 'dice_loss', monai: 'DiceLoss' },
  },
  inputs: { input: float('... @C'), target: float('... @C') },
  options: {
    activation: z.enum(['none', 'sigmoid', 'softmax']).default('none'),
    smooth: z.number().nonnegative().default(0),
    squared: z.boolean().default(false),
    per: z.enum(['sample', 'batch']).default('sample'),
    classAxis: classAxis(),
  },
  precondition: batchHasNoPartial,
  formula({ input, target }, { activation, smooth, squared, per, classAxis }) {
    const axis = classAxisOf({ classAxis }, input.rank);
    const total = overTotals(input, axis, per);
    const { hits, falsePositives, falseNegatives } = overlaps(input, target, activation, axis, total);
    // The sizes less twice the overlap, against twice the overlap.
    const wrong = squared
      ? total(activated(input, activation, axis).sub(target).square())
      : falsePositives.add(falseNegatives);
    return fraction(wrong, hits.mul(2).add(smooth));
  },
});
