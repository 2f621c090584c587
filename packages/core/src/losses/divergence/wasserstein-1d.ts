import * as z from 'zod';
import { LossInputError } from '../../errors.ts';
import { complement, concat, type Expr, iota, size, zeros } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { broadcast, float } from '../../loss/inputs.ts';

/**
 * The optimal transport cost between two samples on the line, exact by sorting.
 *
 * `Σᵢ |x₍ᵢ₎ − y₍ᵢ₎|^p; normalized: ∫₀¹ |F⁻¹(u) − G⁻¹(u)|^p du`
 *
 * - `input`: float, shape (..., n)
 * - `target`: float, shape (..., m)
 * - `inputWeight` (optional): float, shape (..., n), broadcast
 * - `targetWeight` (optional): float, shape (..., m), broadcast
 *
 * Options: `p` (a number >= 1, default 1), `normalized` (true or false, default false), `reduction` ("none", "mean",
 * "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/wasserstein1d.md
 */
export const wasserstein1d = defineLoss({
  id: 'wasserstein1d',
  family: 'divergence',
  about: {
    summary: 'The optimal transport cost between two samples on the line, exact by sorting.',
    formula: 'Σᵢ |x₍ᵢ₎ − y₍ᵢ₎|^p; normalized: ∫₀¹ |F⁻¹(u) − G⁻¹(u)|^p du',
    use: 'Comparing samples or histograms where distance along the line matters.',
    conventions: [
      'normalized false is the cost of the optimal assignment of n points to n points; true divides masses by their totals, so that sizes may differ and p = 1 is scipy’s wasserstein_distance.',
      'The value is W_p^p, not its root. Sorting is stable and the gradient follows that permutation.',
      'Weights need normalized: true.',
    ],
    sources: [
      'Villani 2003, Topics in Optimal Transportation, 2.2',
      'scipy 1.17 stats.wasserstein_distance',
      'POT ot.wasserstein_1d',
    ],
    names: { scipy: 'stats.wasserstein_distance', pot: 'wasserstein_1d' },
  },
  inputs: {
    input: float('... n'),
    target: float('... m'),
    inputWeight: broadcast(float('... n')),
    targetWeight: broadcast(float('... m')),
  },
  options: { p: z.number().min(1).default(1), normalized: z.boolean().default(false) },
  precondition({ normalized }, { has, sizes }) {
    if (normalized) return undefined;
    if (has('inputWeight') || has('targetWeight')) return 'weights need normalized: true';
    if (sizes.get('n') !== sizes.get('m')) {
      return new LossInputError(
        'SHAPE_MISMATCH',
        `${sizes.get('n')} points have no assignment to ${sizes.get('m')}: use normalized: true`,
        { input: 'target' },
      );
    }
    return undefined;
  },
  formula({ input, target, inputWeight, targetWeight }, { p, normalized }) {
    const cost = (x: Expr, y: Expr) => x.sub(y).abs().pow(p);
    // n = m is checked with the inputs; the slice says so to the graph.
    if (!normalized) return cost(input.sort(-1), target.slice(-1, 0, 'n').sort(-1)).sum(-1);

    const x = quantiles(input, inputWeight);
    const y = quantiles(target, targetWeight);
    // Between neighbouring steps of either distribution function both quantiles are constant.
    const steps = concat([x.cumulative, y.cumulative], -1);
    const order = steps.argsort(-1);
    const sorted = steps.gather(order, -1);
    const before = concat([zeros({ dtype: 'float', shape: [...sorted.shape.slice(0, -1), 1] }), sorted], -1).slice(
      -1,
      0,
      sorted.shape.at(-1)!,
    );
    const isX = order.lt(x.count).toFloat();
    const at = (side: Quantiles, passed: Expr) =>
      side.values.gather(passed.cumsum(-1, { exclusive: true }).toInt().minimum(side.count.sub(1)), -1);
    return cost(at(x, isX), at(y, complement(isX)))
      .mul(sorted.sub(before))
      .sum(-1);
  },
});

interface Quantiles {
  readonly values: Expr;
  readonly cumulative: Expr;
  readonly count: Expr;
}

/** Sorted points, and the share of the mass up to and including each. */
function quantiles(points: Expr, weight: Expr | undefined): Quantiles {
  const order = points.argsort(-1);
  const count = size(points.shape.at(-1)!);
  const values = points.gather(order, -1);
  if (weight === undefined) {
    const cumulative = iota(points.shape.at(-1)!).add(1).toFloat().div(count.toFloat());
    return { values, count, cumulative: cumulative.broadcastTo(points.shape) };
  }
  const mass = weight.broadcastTo(points.shape);
  return { values, count, cumulative: mass.gather(order, -1).cumsum(-1).div(mass.sum(-1, true)) };
}
