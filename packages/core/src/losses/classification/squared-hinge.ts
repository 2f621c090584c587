import { complement } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { float, mask, sign, weight } from '../../loss/inputs.ts';

/**
 * The hinge, squared: differentiable at the margin.
 *
 * `max(0, 1 − t·x)², t = ±1`
 *
 * - `input`: float, shape (...)
 * - `target`: −1 or 1, shape (...)
 * - `weight` (optional): float, shape (...), broadcast
 * - `mask` (optional): bool, shape (...), broadcast
 *
 * Options: `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/squaredHinge.md
 */
export const squaredHinge = defineLoss({
  id: 'squaredHinge',
  family: 'classification',
  about: {
    summary: 'The hinge, squared: differentiable at the margin.',
    formula: 'max(0, 1 − t·x)², t = ±1',
    use: 'Binary classification by margin.',
    sources: ['keras 3.15 SquaredHinge'],
    names: { keras: 'SquaredHinge' },
  },
  inputs: { input: float('...'), target: sign('...'), weight: weight('...', 'count'), mask: mask('...') },
  formula: ({ input, target }) => complement(target.mul(input)).relu().square(),
});
