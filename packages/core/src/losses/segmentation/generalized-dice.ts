import * as z from 'zod';
import { constant, type Expr, fraction, where } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { float } from '../../loss/inputs.ts';
import { classAxis } from '../../loss/options.ts';
import { classAxisOf } from '../../loss/shapes.ts';
import { overlaps, overTotals } from '../../shared/regions.ts';

/**
 * Dice over all classes at once, each weighted by the inverse of its size.
 *
 * `1 − 2·Σ_c w_c·I_c/Σ_c w_c·(Σp_c + Σt_c), w_c = 1/(Σt_c)²`
 *
 * - `input`: float, shape (..., C) with the classes at classAxis
 * - `target`: float, shape (..., C) with the classes at classAxis
 *
 * Options: `activation` ("none", "sigmoid", "softmax", default "none"), `weighting` ("square", "simple", "uniform",
 * default "square"), `smooth` (a number >= 0, default 0), `classAxis` (an integer, default 1), `reduction` ("none",
 * "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/generalizedDice.md
 */
export const generalizedDice = defineLoss({
  id: 'generalizedDice',
  family: 'segmentation',
  about: {
    summary: 'Dice over all classes at once, each weighted by the inverse of its size.',
    formula: '1 − 2·Σ_c w_c·I_c/Σ_c w_c·(Σp_c + Σt_c), w_c = 1/(Σt_c)²',
    use: 'Segmentation under class imbalance: several classes of very different size, as in medical images.',
    conventions: [
      'The weights are constants in the gradient.',
      'A class that is absent from a target weighs as much as the rarest present one, as in MONAI.',
    ],
    sources: ['Sudre et al. 2017, Generalised Dice', 'MONAI GeneralizedDiceLoss'],
    names: { monai: 'GeneralizedDiceLoss' },
  },
  inputs: { input: float('... @C'), target: float('... @C') },
  options: {
    activation: z.enum(['none', 'sigmoid', 'softmax']).default('none'),
    weighting: z.enum(['square', 'simple', 'uniform']).default('square'),
    smooth: z.number().nonnegative().default(0),
    classAxis: classAxis(),
  },
  formula({ input, target }, { activation, weighting, smooth, classAxis }) {
    const axis = classAxisOf({ classAxis }, input.rank);
    const total = overTotals(input, axis, 'sample');
    const { hits, falsePositives, falseNegatives } = overlaps(input, target, activation, axis, total);
    const volume = total(target);
    const classes = axis === 0 ? 0 : -1;
    const empty = volume.eq(0);
    const inverse = where(
      empty,
      0,
      constant(1).div(where(empty, 1, weighting === 'square' ? volume.square() : volume)),
    );
    // An absent class weighs as much as the rarest present one.
    const weights = where(empty, inverse.max(classes, true), inverse).stopGradient();
    const weighted = (x: Expr) => (weighting === 'uniform' ? x : x.mul(weights)).sum(classes);
    return fraction(weighted(falsePositives.add(falseNegatives)), weighted(hits).mul(2).add(smooth));
  },
});
