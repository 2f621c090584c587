import { where } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { float, index } from '../../loss/inputs.ts';
import { classAxis } from '../../loss/options.ts';
import { classAxisOf } from '../../loss/shapes.ts';
import { isClass } from '../../shared/labels.ts';

/**
 * Crammer and Singer’s multi-class margin.
 *
 * `max_c (x_c + 1[c ≠ y]) − x_y`
 *
 * - `input`: float, shape (..., C) with the classes at classAxis
 * - `target`: int32 labels, shape (...)
 *
 * Options: `classAxis` (an integer, default 1), `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/multiclassHinge.md
 */
export const multiclassHinge = defineLoss({
  id: 'multiclassHinge',
  family: 'classification',
  about: {
    summary: 'Crammer and Singer’s multi-class margin.',
    formula: 'max_c (x_c + 1[c ≠ y]) − x_y',
    use: 'Multi-class support vector machines.',
    sources: ['Crammer and Singer 2001', 'optax 0.2 multiclass_hinge_loss'],
    names: { optax: 'multiclass_hinge_loss' },
  },
  inputs: { input: float('... @C'), target: index('...', { below: 'C' }) },
  options: { classAxis: classAxis() },
  formula({ input, target }, { classAxis }) {
    const axis = classAxisOf({ classAxis }, input.rank);
    // Scores relative to the target’s, so that equal large scores do not cancel after the maximum.
    const relative = input.sub(input.gather(target.expandDims(axis), axis));
    return where(isClass(target, input, axis), relative, relative.add(1)).max(axis);
  },
});
