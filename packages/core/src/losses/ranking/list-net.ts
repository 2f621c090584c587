import { defineLoss } from '../../loss/define.ts';
import { float } from '../../loss/inputs.ts';

/**
 * Cross entropy of the softmax of relevances and the softmax of scores.
 *
 * `−Σ softmax(r)·log softmax(s)`
 *
 * - `input`: float, shape (..., n)
 * - `target`: float, shape (..., n)
 *
 * Options: `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/listNet.md
 */
export const listNet = defineLoss({
  id: 'listNet',
  family: 'ranking',
  about: {
    summary: 'Cross entropy of the softmax of relevances and the softmax of scores.',
    formula: '−Σ softmax(r)·log softmax(s)',
    use: 'Learning to rank whole lists, for search and recommendation: `input` are scores, `target` relevances, along the last axis.',
    sources: ['Cao et al. 2007'],
  },
  inputs: { input: float('... n'), target: float('... n') },
  formula: ({ input, target }) => target.softmax(-1).mul(input.logSoftmax(-1)).sum(-1).neg(),
});
