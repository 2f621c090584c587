import * as z from 'zod';
import { where } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { float, index } from '../../loss/inputs.ts';
import { classAxis } from '../../loss/options.ts';
import { classAxisOf } from '../../loss/shapes.ts';
import { alongAxis, isClass, oddsAgainst } from '../../shared/labels.ts';

/**
 * Cross entropy with a margin for each class that grows with its rarity.
 *
 * `−log softmax(scale·(x − Δ_y·onehot(y)))_y, Δ_j ∝ counts_j^(−¼), the largest = maxMargin`
 *
 * - `input`: float, shape (..., C) with the classes at classAxis
 * - `target`: int32 labels, shape (...)
 * - `counts`: float, shape (C)
 *
 * Options: `maxMargin` (a number > 0, default 0.5), `scale` (a number > 0, default 30), `classAxis` (an integer,
 * default 1), `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/ldam.md
 */
export const ldam = defineLoss({
  id: 'ldam',
  family: 'classification',
  about: {
    summary: 'Cross entropy with a margin for each class that grows with its rarity.',
    formula: '−log softmax(scale·(x − Δ_y·onehot(y)))_y, Δ_j ∝ counts_j^(−¼), the largest = maxMargin',
    use: 'Long-tailed classification: class imbalance where rare classes must still be told apart.',
    conventions: ['counts are statistics of the data: their gradient is 0.'],
    sources: ['Cao et al. 2019, Learning Imbalanced Datasets with Label-Distribution-Aware Margin Loss'],
  },
  inputs: { input: float('... @C'), target: index('...', { below: 'C' }), counts: float('C') },
  options: {
    maxMargin: z.number().positive().default(0.5),
    scale: z.number().positive().default(30),
    classAxis: classAxis(),
  },
  formula({ input, target, counts }, { maxMargin, scale, classAxis }) {
    const axis = classAxisOf({ classAxis }, input.rank);
    const rarity = counts.pow(-0.25).stopGradient();
    const margins = alongAxis(rarity.mul(maxMargin).div(rarity.max()), input, axis);
    const logits = where(isClass(target, input, axis), input.sub(margins), input).mul(scale);
    return oddsAgainst(logits, target, axis).softplus();
  },
});
