import { complement } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { float, probability } from '../../loss/inputs.ts';
import { classAxis } from '../../loss/options.ts';
import { classAxisOf } from '../../loss/shapes.ts';

/**
 * The best wrong score against the right one, for one-hot targets.
 *
 * `max(0, max_c (1 − t_c)·x_c − Σ_c t_c·x_c + 1)`
 *
 * - `input`: float, shape (..., C) with the classes at classAxis
 * - `target`: probabilities, shape (..., C) with the classes at classAxis
 *
 * Options: `classAxis` (an integer, default 1), `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/categoricalHinge.md
 */
export const categoricalHinge = defineLoss({
  id: 'categoricalHinge',
  family: 'classification',
  about: {
    summary: 'The best wrong score against the right one, for one-hot targets.',
    formula: 'max(0, max_c (1 − t_c)·x_c − Σ_c t_c·x_c + 1)',
    use: 'Multi-class classification by margin, as keras has it.',
    conventions: [
      'The slot of the target counts as a wrong score of 0, as in keras; multiclassHinge is Crammer and Singer’s.',
    ],
    sources: ['keras 3.15 CategoricalHinge'],
    names: { keras: 'CategoricalHinge' },
  },
  inputs: { input: float('... @C'), target: probability('... @C') },
  options: { classAxis: classAxis() },
  formula({ input, target }, { classAxis }) {
    const axis = classAxisOf({ classAxis }, input.rank);
    return complement(target).mul(input).max(axis).sub(target.mul(input).sum(axis)).add(1).relu();
  },
});
