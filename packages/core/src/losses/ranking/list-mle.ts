import { iota, where } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { float } from '../../loss/inputs.ts';
import { diagonal } from '../../shared/pairs.ts';

/**
 * The likelihood of the true order under Plackett and Luce.
 *
 * `Σ_i log Σ_{j ≥ i} exp(s_j) − s_i, in order of relevance`
 *
 * - `input`: float, shape (..., n)
 * - `target`: float, shape (..., n)
 *
 * Options: `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/listMle.md
 */
export const listMle = defineLoss({
  id: 'listMle',
  family: 'ranking',
  about: {
    summary: 'The likelihood of the true order under Plackett and Luce.',
    formula: 'Σ_i log Σ_{j ≥ i} exp(s_j) − s_i, in order of relevance',
    use: 'Learning to rank whole lists, for search and recommendation: `input` are scores, `target` relevances, along the last axis.',
    conventions: ['Equal relevances keep their order; allRank shuffles them.'],
    sources: ['Xia et al. 2008'],
  },
  inputs: { input: float('... n'), target: float('... n') },
  formula({ input, target }) {
    const sorted = input.gather(target.neg().argsort(-1), input.rank - 1);
    const n = input.shape.at(-1)!;
    // Row i sees the scores from i on.
    const later = iota(n).expandDims(1).le(iota(n).expandDims(0));
    const logP = where(later, sorted.expandDims(-2), -Infinity).logSoftmax(-1);
    return where(diagonal(n), logP, 0).sum([-2, -1]).neg();
  },
});
