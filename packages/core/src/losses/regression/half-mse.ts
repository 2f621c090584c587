import { defineLoss } from '../../loss/define.ts';
import { regressionInputs } from '../../loss/inputs.ts';

/**
 * Half the squared difference.
 *
 * `(input − target)²/2`
 *
 * - `input`: float, shape (...)
 * - `target`: float, shape (...)
 * - `weight` (optional): float, shape (...), broadcast
 * - `mask` (optional): bool, shape (...), broadcast
 *
 * Options: `reduction` ("none", "mean", "sum", "batchmean", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/halfMse.md
 */
export const halfMse = defineLoss({
  id: 'halfMse',
  family: 'regression',
  about: {
    summary: 'Half the squared difference.',
    formula: '(input − target)²/2',
    use: 'Where the gradient should be the plain difference; `batchmean` is Caffe’s Euclidean loss, Σe²/(2N).',
    sources: ['optax 0.2 l2_loss', 'Caffe EuclideanLoss (batchmean)'],
    names: { optax: 'l2_loss', sklearn: 'HalfSquaredError' },
  },
  inputs: regressionInputs,
  batchmean: true,
  formula: ({ input, target }) => input.sub(target).square().mul(0.5),
});
