import { iota } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { float } from '../../loss/inputs.ts';
import { softmaxCrossEntropy } from '../../shared/labels.ts';

/**
 * Each anchor should pick its own positive out of the batch, by dot product.
 *
 * `−log softmax(a_i·p_·)_i`
 *
 * - `anchor`: float, shape (N, D)
 * - `positive`: float, shape (N, D)
 *
 * Options: `reduction` ("none", "mean", "sum", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/nPair.md
 */
export const nPair = defineLoss({
  id: 'nPair',
  family: 'embedding',
  about: {
    summary: 'Each anchor should pick its own positive out of the batch, by dot product.',
    formula: '−log softmax(a_i·p_·)_i',
    use: 'Metric learning and retrieval, one pair a class in each batch.',
    conventions: ['One pair a class, not normalised: pytorch-metric-learning normalises by default.'],
    sources: ['Sohn 2016', 'pytorch-metric-learning 2.9 NPairsLoss'],
    names: { 'pytorch-metric-learning': 'NPairsLoss' },
  },
  inputs: { anchor: float('N D'), positive: float('N D') },
  separable: false,
  formula: ({ anchor, positive }) =>
    softmaxCrossEntropy(anchor.matmul(positive.transpose([1, 0])), iota(anchor.shape[0]!)),
});
