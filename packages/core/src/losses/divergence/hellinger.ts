import { type Expr, where } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { probability } from '../../loss/inputs.ts';

/**
 * The Hellinger distance of distributions, between 0 and 1.
 *
 * `‖√p − √q‖₂/√2`
 *
 * - `input`: probabilities, shape (..., C)
 * - `target`: probabilities, shape (..., C)
 *
 * Options: `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/hellinger.md
 */
export const hellinger = defineLoss({
  id: 'hellinger',
  family: 'divergence',
  about: {
    summary: 'The Hellinger distance of distributions, between 0 and 1.',
    formula: '‖√p − √q‖₂/√2',
    use: 'Comparing distributions by a bounded metric.',
    conventions: ['Equal entries, two zeros among them, have gradient 0; at a single 0 it is infinite.'],
    sources: ['Hellinger 1909'],
  },
  inputs: { input: probability('... C'), target: probability('... C') },
  formula: ({ input, target }) => {
    // Equal entries add nothing, zeros included, where the slope of a root is infinite.
    const same = input.eq(target);
    const root = (x: Expr) => where(same, 1, x).sqrt();
    // √p − √q as (p − q)/(√p + √q), which keeps its digits.
    const difference = input.sub(target).div(root(input).add(root(target)));
    return where(same, 0, difference).norm(-1).mul(Math.SQRT1_2);
  },
});
