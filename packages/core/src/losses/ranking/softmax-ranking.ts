import { defineLoss } from '../../loss/define.ts';
import { float } from '../../loss/inputs.ts';
import { weighedLog } from '../../shared/labels.ts';

/**
 * Cross entropy of the relevances, as they are, and the softmax of scores.
 *
 * `−Σ r·log softmax(s)`
 *
 * - `input`: float, shape (..., n)
 * - `target`: float, shape (..., n)
 *
 * Options: `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/softmaxRanking.md
 */
export const softmaxRanking = defineLoss({
  id: 'softmaxRanking',
  family: 'ranking',
  about: {
    summary: 'Cross entropy of the relevances, as they are, and the softmax of scores.',
    formula: '−Σ r·log softmax(s)',
    use: 'Learning to rank lists with few relevant items, for search and recommendation: `input` are scores, `target` relevances, along the last axis.',
    conventions: [
      'The relevances are not normalised.',
      'An item of relevance 0 and score −∞ (padding, say) contributes 0.',
    ],
    sources: ['TF-Ranking softmax_loss', 'optax 0.2 ranking_softmax_loss'],
    names: { optax: 'ranking_softmax_loss' },
  },
  inputs: { input: float('... n'), target: float('... n') },
  formula: ({ input, target }) => weighedLog(target, input.logSoftmax(-1)).sum(-1).neg(),
});
