import { defineLoss } from '../../loss/define.ts';
import { regressionInputs } from '../../loss/inputs.ts';

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
