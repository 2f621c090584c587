import { where } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { float } from '../../loss/inputs.ts';

/**
 * Every more relevant item should score higher.
 *
 * `Σ_{r_i > r_j} softplus(−(s_i − s_j))`
 *
 * - `input`: float, shape (..., n)
 * - `target`: float, shape (..., n)
 *
 * Options: `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/rankNet.md
 */
export const rankNet = defineLoss({
  id: 'rankNet',
  family: 'ranking',
  about: {
    summary: 'Every more relevant item should score higher.',
    formula: 'Σ_{r_i > r_j} softplus(−(s_i − s_j))',
    use: 'Learning to rank by pairs within a list, for search and recommendation: `input` are scores, `target` relevances, along the last axis.',
    conventions: [
      'A sum over pairs; allRank takes their mean.',
      'The relevances only order the items: their gradient is 0.',
    ],
    sources: ['Burges et al. 2005'],
  },
  inputs: { input: float('... n'), target: float('... n') },
  formula({ input, target }) {
    const pairs = input.expandDims(-2).sub(input.expandDims(-1)).softplus();
    return where(target.expandDims(-1).gt(target.expandDims(-2)), pairs, 0).sum([-2, -1]);
  },
});
