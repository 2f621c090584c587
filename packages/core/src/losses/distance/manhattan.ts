import { defineLoss } from '../../loss/define.ts';
import { float } from '../../loss/inputs.ts';

/**
 * The Manhattan distance over the last axis.
 *
 * `Σ|input − target|`
 *
 * - `input`: float, shape (..., D)
 * - `target`: float, shape (..., D)
 *
 * Options: `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/manhattan.md
 */
export const manhattan = defineLoss({
  id: 'manhattan',
  family: 'distance',
  about: {
    summary: 'The Manhattan distance over the last axis.',
    formula: 'Σ|input − target|',
    use: 'Distances of points and embeddings as losses, or inside others: less moved by single large differences.',
    sources: ['scipy 1.17 spatial.distance.cityblock'],
    names: { scipy: 'spatial.distance.cityblock' },
  },
  inputs: { input: float('... D'), target: float('... D') },
  formula: ({ input, target }) => input.sub(target).norm(-1, 1),
});
