import * as z from 'zod';
import { where } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { float } from '../../loss/inputs.ts';
import { ranks } from '../../shared/order.ts';
import { diagonal } from '../../shared/pairs.ts';

/**
 * A smooth stand-in for NDCG.
 *
 * `−Σ_i G_i/log₂(1 + π_i), G = (2^r − 1)/maxDCG, π_i = 1 + Σ_{j≠i} σ(−alpha·(s_i − s_j))`
 *
 * - `input`: float, shape (..., n)
 * - `target`: float, shape (..., n)
 *
 * Options: `alpha` (a number > 0, default 1), `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/approxNdcg.md
 */
export const approxNdcg = defineLoss({
  id: 'approxNdcg',
  family: 'ranking',
  about: {
    summary: 'A smooth stand-in for NDCG.',
    formula: '−Σ_i G_i/log₂(1 + π_i), G = (2^r − 1)/maxDCG, π_i = 1 + Σ_{j≠i} σ(−alpha·(s_i − s_j))',
    use: 'Learning to rank by NDCG itself, for search and recommendation: `input` are scores, `target` relevances, along the last axis.',
    conventions: ['A list without relevant items has value 0.'],
    sources: ['Qin, Liu and Li 2010', 'allRank approxNDCG'],
  },
  inputs: { input: float('... n'), target: float('... n') },
  options: { alpha: z.number().positive().default(1) },
  formula({ input, target }, { alpha }) {
    const gain = target.mul(Math.LN2).expm1();
    // Natural logarithms: their base cancels. Sorted by relevance, which has no rounding, as the gains have.
    const ideal = gain.gather(target.neg().argsort(-1), gain.rank - 1);
    const best = ideal.div(ranks(gain, -1).log1p()).sum(-1, true);
    const before = input.expandDims(-2).sub(input.expandDims(-1)).mul(alpha).sigmoid();
    const position = where(diagonal(input.shape.at(-1)!), 0, before)
      .sum(-1)
      .add(1);
    const relevant = best.gt(0);
    const share = where(relevant, gain.div(where(relevant, best, 1)), 0);
    return share.div(position.log1p()).sum(-1).neg();
  },
});
