import * as z from 'zod';
import { type Expr, where } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { probability } from '../../loss/inputs.ts';

/**
 * The Jensen–Shannon divergence: symmetric, bounded by log 2.
 *
 * `½·KL(p ‖ m) + ½·KL(q ‖ m), m = (p + q)/2`
 *
 * - `input`: probabilities, shape (..., C)
 * - `target`: probabilities, shape (..., C)
 *
 * Options: `base` (a number > 1 or "e", default "e"), `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/jsDivergence.md
 */
export const jsDivergence = defineLoss({
  id: 'jsDivergence',
  family: 'divergence',
  about: {
    summary: 'The Jensen–Shannon divergence: symmetric, bounded by log 2.',
    formula: '½·KL(p ‖ m) + ½·KL(q ‖ m), m = (p + q)/2',
    use: 'Comparing distributions symmetrically, zeros allowed.',
    conventions: ['scipy’s jensenshannon is the square root.'],
    sources: ['Lin 1991', 'scipy 1.17 spatial.distance.jensenshannon'],
    names: { scipy: 'spatial.distance.jensenshannon', kornia: 'losses.js_div_loss_2d' },
  },
  inputs: { input: probability('... C'), target: probability('... C') },
  options: { base: z.union([z.number().gt(1), z.literal('e')]).default('e') },
  formula({ input: p, target: q }, { base }) {
    const sum = p.add(q);
    const total = where(sum.eq(0), 1, sum);
    const d = p.sub(q).div(total);
    const near = d.abs().lt(0.55);
    // log(p/m) = log1p(d) with d = (p − q)/(p + q) keeps its digits near p = q, and the quotient's logarithm elsewhere.
    const part = (x: Expr, relative: Expr) => {
      const apart = where(near.or(x.eq(0)), 1, x.mul(2).div(total));
      return where(x.eq(0), 0, x.mul(where(near, where(near, relative, 0).log1p(), apart.log())));
    };
    const nats = part(p, d).add(part(q, d.neg())).sum(-1).mul(0.5);
    return base === 'e' ? nats : nats.div(Math.log(base));
  },
});
