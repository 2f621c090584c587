import { defineLoss } from '../../loss/define.ts';
import { float } from '../../loss/inputs.ts';

/**
 * The largest difference over the last axis.
 *
 * `max|input − target|`
 *
 * - `input`: float, shape (..., D)
 * - `target`: float, shape (..., D)
 *
 * Options: `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/chebyshev.md
 */
export const chebyshev = defineLoss({
  id: 'chebyshev',
  family: 'distance',
  about: {
    summary: 'The largest difference over the last axis.',
    formula: 'max|input − target|',
    use: 'Distances as losses, or inside others, where the worst coordinate counts.',
    conventions: ['Ties share the gradient.'],
    sources: ['scipy 1.17 spatial.distance.chebyshev'],
    names: { scipy: 'spatial.distance.chebyshev' },
  },
  inputs: { input: float('... D'), target: float('... D') },
  formula: ({ input, target }) => input.sub(target).norm(-1, Infinity),
});
