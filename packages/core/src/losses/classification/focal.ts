import * as z from 'zod';
import { type Expr, where } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { either, float, index, optional, probability } from '../../loss/inputs.ts';
import { classAxis, ignoreIndex } from '../../loss/options.ts';
import { classAxisOf } from '../../loss/shapes.ts';
import {
  alongAxis,
  countedLabels,
  labelNormalizer,
  lookup,
  oddsAgainst,
  oddsAgainstEach,
} from '../../shared/labels.ts';

/**
 * Softmax cross entropy that turns away from what is already right.
 *
 * `−α·w_y·(1 − p_y)^γ·log p_y, with p = softmax(x); for probabilities Σ_c of t_c times that`
 *
 * - `input`: float, shape (..., C) with the classes at classAxis
 * - `target`: int32 labels, shape (...); or probabilities, shape (..., C) with the classes at classAxis
 * - `weight` (optional): float, shape (C)
 *
 * Options: `gamma` (a number >= 0, default 2), `alpha` (a number or null, default null), `ignoreIndex` (an integer or
 * null, default -100), `classAxis` (an integer, default 1), `reduction` ("none", "mean", "sum", "partial", default
 * "mean").
 *
 * When to use it, conventions, sources: docs/losses/focal.md
 */
export const focal = defineLoss({
  id: 'focal',
  family: 'classification',
  about: {
    summary: 'Softmax cross entropy that turns away from what is already right.',
    formula: '−α·w_y·(1 − p_y)^γ·log p_y, with p = softmax(x); for probabilities Σ_c of t_c times that',
    use: 'Multi-class imbalance, also in segmentation; for one sigmoid an element take sigmoidFocal.',
    conventions: [
      'gamma 0 without alpha and weight is crossEntropy.',
      'The mean divides by the number of targets that count, not by their weights; MONAI and kornia divide by N·C.',
      'alpha multiplies every class alike, as in keras (default there 0.25); weight is one factor a class.',
      'A class whose target probability is 0 contributes 0.',
    ],
    sources: ['Lin et al. 2017', 'segmentation-models-pytorch softmax_focal_loss_with_logits'],
    names: { keras: 'CategoricalFocalCrossentropy', kornia: 'losses.FocalLoss' },
  },
  inputs: {
    input: float('... @C'),
    target: either(index('...', { below: 'C', ignore: 'ignoreIndex' }), probability('... @C')),
    weight: optional(float('C')),
  },
  options: {
    gamma: z.number().nonnegative().default(2),
    alpha: z.number().nullable().default(null),
    ignoreIndex: ignoreIndex(),
    classAxis: classAxis(),
  },
  formula({ input, target, weight }, { gamma, alpha, ignoreIndex, classAxis }) {
    const axis = classAxisOf({ classAxis }, input.rank);
    // Of the odds z = log((1 − p)/p): −log p = softplus(z), and 1 − p = exp(−softplus(−z)).
    const focus = (z: Expr) => where(z.eq(Infinity), 1, z.neg().softplus().mul(-gamma).exp());
    const focused = (z: Expr) => (gamma === 0 ? z.softplus() : focus(z).mul(z.softplus())).mul(alpha ?? 1);
    if (target.type.dtype === 'float') {
      const against = oddsAgainstEach(input, axis);
      const terms = target.mul(focused(where(target.eq(0).and(against.eq(Infinity)), -Infinity, against)));
      return (weight === undefined ? terms : terms.mul(alongAxis(weight, input, axis))).sum(axis);
    }
    const { counts, labels } = countedLabels(target, ignoreIndex);
    const kept = counts === undefined ? input : where(counts.expandDims(axis), input, 0);
    const own = focused(oddsAgainst(kept, labels, axis));
    const values = weight === undefined ? own : own.mul(lookup(weight, labels));
    return {
      values: counts === undefined ? values : where(counts, values, 0),
      ...labelNormalizer(values, counts, undefined),
    };
  },
});
