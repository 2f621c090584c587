import { where } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { float, index } from '../../loss/inputs.ts';
import { classAxis } from '../../loss/options.ts';
import { classAxisOf } from '../../loss/shapes.ts';
import { isClass } from '../../shared/labels.ts';
import { sparsemaxThreshold } from '../../shared/order.ts';

/**
 * The loss whose gradient is sparsemax(x) − onehot(y).
 *
 * `½·Σ_{j in support} (x_j² − τ²) − x_y + ½`
 *
 * - `input`: float, shape (..., C) with the classes at classAxis
 * - `target`: int32 labels, shape (...)
 *
 * Options: `classAxis` (an integer, default 1), `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/sparsemax.md
 */
export const sparsemax = defineLoss({
  id: 'sparsemax',
  family: 'classification',
  about: {
    summary: 'The loss whose gradient is sparsemax(x) − onehot(y).',
    formula: '½·Σ_{j in support} (x_j² − τ²) − x_y + ½',
    use: 'Classification with sparse probabilities.',
    sources: ['Martins and Astudillo 2016', 'optax 0.2 multiclass_sparsemax_loss'],
    names: { optax: 'multiclass_sparsemax_loss' },
  },
  inputs: { input: float('... @C'), target: index('...', { below: 'C' }) },
  options: { classAxis: classAxis() },
  formula({ input, target }, { classAxis }) {
    const axis = classAxisOf({ classAxis }, input.rank);
    const relative = input.sub(input.max(axis, true).stopGradient());
    const threshold = sparsemaxThreshold(relative, axis);
    // With p = max(x − τ, 0) and t = τ − x_y: ½·Σ_{j≠y} p_j², plus ½·(1 + t)² where y is in the support, else t + ½.
    // Nothing cancels, and the slope in τ is 0.
    const others = where(isClass(target, input, axis), 0, relative.sub(threshold).relu());
    const t = threshold.squeeze(axis).sub(relative.pick(target, axis));
    return others
      .square()
      .sum(axis)
      .mul(0.5)
      .add(where(t.lt(0), t.add(1).square().mul(0.5), t.add(0.5)));
  },
});
