import { defineLoss } from '../../loss/define.ts';
import { float } from '../../loss/inputs.ts';

/**
 * The Euclidean distance over the last axis.
 *
 * `‖input − target‖₂`
 *
 * - `input`: float, shape (..., D)
 * - `target`: float, shape (..., D)
 *
 * Options: `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/euclidean.md
 */
export const euclidean = defineLoss({
  id: 'euclidean',
  family: 'distance',
  about: {
    summary: 'The Euclidean distance over the last axis.',
    formula: '‖input − target‖₂',
    use: 'Distances of points and embeddings as losses, or inside others.',
    conventions: ['The gradient at distance 0 is 0; torch’s pairwise_distance adds 1e−6 to the difference.'],
    sources: ['scipy 1.17 spatial.distance.euclidean'],
    names: { scipy: 'spatial.distance.euclidean', torch: 'nn.PairwiseDistance' },
  },
  inputs: { input: float('... D'), target: float('... D') },
  formula: ({ input, target }) => input.sub(target).norm(-1),
});
