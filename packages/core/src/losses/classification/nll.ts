import { where } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { float, index, logProbability, optional } from '../../loss/inputs.ts';
import { classAxis, ignoreIndex } from '../../loss/options.ts';
import { classAxisOf } from '../../loss/shapes.ts';
import { countedLabels, labelNormalizer, lookup } from '../../shared/labels.ts';

/**
 * The negative log-likelihood of labels, from log-probabilities.
 *
 * `−w_y·x_y at the label y`
 *
 * - `input`: log-probabilities, shape (..., C) with the classes at classAxis
 * - `target`: int32 labels, shape (...)
 * - `weight` (optional): float, shape (C)
 *
 * Options: `ignoreIndex` (an integer or null, default -100), `classAxis` (an integer, default 1), `reduction` ("none",
 * "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/nll.md
 */
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
