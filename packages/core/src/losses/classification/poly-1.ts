import * as z from 'zod';
import { where } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { float, index } from '../../loss/inputs.ts';
import { classAxis, ignoreIndex } from '../../loss/options.ts';
import { classAxisOf } from '../../loss/shapes.ts';
import { countedLabels, labelNormalizer, oddsAgainst } from '../../shared/labels.ts';

/**
 * Cross entropy with its first polynomial coefficient changed.
 *
 * `−log p_y + epsilon·(1 − p_y)`
 *
 * - `input`: float, shape (..., C) with the classes at classAxis
 * - `target`: int32 labels, shape (...)
 *
 * Options: `epsilon` (a number, default 2), `ignoreIndex` (an integer or null, default -100), `classAxis` (an integer,
 * default 1), `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/poly1.md
 */
export const poly1 = defineLoss({
  id: 'poly1',
  family: 'classification',
  about: {
    summary: 'Cross entropy with its first polynomial coefficient changed.',
    formula: '−log p_y + epsilon·(1 − p_y)',
    use: 'Classification; epsilon is tuned: positive for balanced data.',
    conventions: ['epsilon is optax’s 2; the paper’s ImageNet runs have 1 to 2.'],
    sources: ['Leng et al. 2022, PolyLoss', 'optax 0.2 poly_loss_cross_entropy'],
    names: { optax: 'poly_loss_cross_entropy' },
  },
  inputs: { input: float('... @C'), target: index('...', { below: 'C', ignore: 'ignoreIndex' }) },
  options: { epsilon: z.number().default(2), ignoreIndex: ignoreIndex(), classAxis: classAxis() },
  formula({ input, target }, { epsilon, ignoreIndex, classAxis }) {
    const axis = classAxisOf({ classAxis }, input.rank);
    const { counts, labels } = countedLabels(target, ignoreIndex);
    const kept = counts === undefined ? input : where(counts.expandDims(axis), input, 0);
    // Of the odds z = log((1 − p)/p): −log p = softplus(z), and 1 − p = sigmoid(z).
    const z = oddsAgainst(kept, labels, axis);
    const values = z.softplus().add(z.sigmoid().mul(epsilon));
    return {
      values: counts === undefined ? values : where(counts, values, 0),
      ...labelNormalizer(values, counts, undefined),
    };
  },
});
