import { where } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { float, index, logProbability, optional } from '../../loss/inputs.ts';
import { classAxis, ignoreIndex } from '../../loss/options.ts';
import { classAxisOf } from '../../loss/shapes.ts';
import { countedLabels, labelNormalizer, lookup } from '../../shared/labels.ts';

export const nll = defineLoss({
  id: 'nll',
  family: 'classification',
  about: {
    summary: 'The negative log-likelihood of labels, from log-probabilities.',
    formula: '−w_y·x_y at the label y',
    use: 'After a log-softmax of the model’s own; with logits take `crossEntropy`.',
    conventions: [
      'The weighted mean divides by the sum of the weights of the targets, as in torch.',
      'Nothing checks that the input is a logarithm of probabilities.',
    ],
    sources: ['torch 2.13 nn.functional.nll_loss'],
    names: { torch: 'nn.NLLLoss', onnx: 'NegativeLogLikelihoodLoss' },
  },
  inputs: {
    input: logProbability('... @C'),
    target: index('...', { below: 'C', ignore: 'ignoreIndex' }),
    weight: optional(float('C')),
  },
  options: { ignoreIndex: ignoreIndex(), classAxis: classAxis() },
  formula({ input, target, weight }, { ignoreIndex, classAxis }) {
    const axis = classAxisOf({ classAxis }, input.rank);
    const { counts, labels } = countedLabels(target, ignoreIndex);
    const own = weight === undefined ? undefined : lookup(weight, labels);
    const picked = input.pick(labels, axis).neg();
    const values = own === undefined ? picked : picked.mul(own);
    return {
      values: counts === undefined ? values : where(counts, values, 0),
      ...labelNormalizer(values, counts, own),
    };
  },
});
