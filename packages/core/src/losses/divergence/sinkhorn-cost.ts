import * as z from 'zod';
import { defineLoss } from '../../loss/define.ts';
import { float, optional } from '../../loss/inputs.ts';
import { sinkhornDual, uniform } from '../../shared/sinkhorn.ts';

/**
 * Entropic optimal transport for a given cost matrix.
 *
 * `Σ_i a_i·f_i + Σ_j b_j·g_j after `iterations` log-domain steps from 0`
 *
 * - `cost`: float, shape (n, m)
 * - `inputWeight` (optional): float, shape (n)
 * - `targetWeight` (optional): float, shape (m)
 *
 * Options: `epsilon` (a number > 0, default 0.1), `iterations` (an integer >= 1 and <= 10000, default 100),
 * `reduction` ("none", "mean", "sum", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/sinkhornCost.md
 */
export const sinkhornCost = defineLoss({
  id: 'sinkhornCost',
  family: 'divergence',
  about: {
    summary: 'Entropic optimal transport for a given cost matrix.',
    formula: 'Σ_i a_i·f_i + Σ_j b_j·g_j after `iterations` log-domain steps from 0',
    use: 'Transport under a cost of one’s own.',
    conventions: ['As sinkhorn.'],
    sources: ['Cuturi 2013'],
    names: { pot: 'sinkhorn2' },
  },
  inputs: { cost: float('n m'), inputWeight: optional(float('n')), targetWeight: optional(float('m')) },
  options: { epsilon: z.number().positive().default(0.1), iterations: z.int().min(1).max(10000).default(100) },
  separable: false,
  formula({ cost, inputWeight, targetWeight }, { epsilon, iterations }) {
    const [a, b] = [inputWeight ?? uniform(cost.shape[0]!), targetWeight ?? uniform(cost.shape[1]!)];
    return sinkhornDual(cost, a, b, epsilon, iterations);
  },
});
