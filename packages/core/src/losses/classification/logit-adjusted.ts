import * as z from 'zod';
import { defineLoss } from '../../loss/define.ts';
import { float, index } from '../../loss/inputs.ts';
import { classAxis } from '../../loss/options.ts';
import { classAxisOf } from '../../loss/shapes.ts';
import { alongAxis, oddsAgainst } from '../../shared/labels.ts';

/**
 * Cross entropy on logits shifted by the classes’ log-frequencies.
 *
 * `−log softmax(x + tau·log prior)_y`
 *
 * - `input`: float, shape (..., C) with the classes at classAxis
 * - `target`: int32 labels, shape (...)
 * - `prior`: float, shape (C)
 *
 * Options: `tau` (a number >= 0, default 1), `classAxis` (an integer, default 1), `reduction` ("none", "mean", "sum",
 * "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/logitAdjusted.md
 */
export const logitAdjusted = defineLoss({
  id: 'logitAdjusted',
  family: 'classification',
  about: {
    summary: 'Cross entropy on logits shifted by the classes’ log-frequencies.',
    formula: '−log softmax(x + tau·log prior)_y',
    use: 'Long-tailed classification: class imbalance where balanced accuracy counts.',
    conventions: ['prior may hold counts: a common factor makes no difference.'],
    sources: ['Menon et al. 2021, Long-tail Learning via Logit Adjustment'],
  },
  inputs: { input: float('... @C'), target: index('...', { below: 'C' }), prior: float('C') },
  options: { tau: z.number().nonnegative().default(1), classAxis: classAxis() },
  formula({ input, target, prior }, { tau, classAxis }) {
    const axis = classAxisOf({ classAxis }, input.rank);
    const shift = alongAxis(prior.log().mul(tau), input, axis);
    return oddsAgainst(input.add(shift), target, axis).softplus();
  },
});
