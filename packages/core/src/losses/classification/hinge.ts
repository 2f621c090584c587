import { complement } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { float, mask, sign, weight } from '../../loss/inputs.ts';

/**
 * The margin loss of support vector machines.
 *
 * `max(0, 1 − t·x), t = ±1`
 *
 * - `input`: float, shape (...)
 * - `target`: −1 or 1, shape (...)
 * - `weight` (optional): float, shape (...), broadcast
 * - `mask` (optional): bool, shape (...), broadcast
 *
 * Options: `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/hinge.md
 */
export const hinge = defineLoss({
  id: 'hinge',
  family: 'classification',
  about: {
    summary: 'The margin loss of support vector machines.',
    formula: 'max(0, 1 − t·x), t = ±1',
    use: 'Binary classification by margin.',
    conventions: [
      'Targets are −1 and 1, never 0 and 1: keras and tfjs guess, each differently.',
      'The gradient at the margin is 0 (keras: −1).',
    ],
    sources: ['Cortes and Vapnik 1995', 'keras 3.15 Hinge', 'optax 0.2 hinge_loss'],
    names: { keras: 'Hinge', optax: 'hinge_loss', tfjs: 'losses.hingeLoss', sklearn: 'hinge_loss' },
  },
  inputs: { input: float('...'), target: sign('...'), weight: weight('...', 'count'), mask: mask('...') },
  formula: ({ input, target }) => complement(target.mul(input)).relu(),
});
