import * as z from 'zod';
import type { Expr } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { float, optional } from '../../loss/inputs.ts';
import { sinkhornDual, uniform } from '../../shared/sinkhorn.ts';

/**
 * Entropic optimal transport between two point clouds.
 *
 * `Σ_i a_i·f_i + Σ_j b_j·g_j after `iterations` log-domain steps from 0, cost ‖x_i − y_j‖^p`
 *
 * - `input`: float, shape (n, d)
 * - `target`: float, shape (m, d)
 * - `inputWeight` (optional): float, shape (n)
 * - `targetWeight` (optional): float, shape (m)
 *
 * Options: `p` (a number, default 2), `epsilon` (a number > 0, default 0.1), `iterations` (an integer >= 1 and <=
 * 10000, default 100), `debiased` (true or false, default false), `reduction` ("none", "mean", "sum", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/sinkhorn.md
 */
export const sinkhorn = defineLoss({
  id: 'sinkhorn',
  family: 'divergence',
  about: {
    summary: 'Entropic optimal transport between two point clouds.',
    formula: 'Σ_i a_i·f_i + Σ_j b_j·g_j after `iterations` log-domain steps from 0, cost ‖x_i − y_j‖^p',
    use: 'Optimal transport between samples in several dimensions, with gradients: generative models, domain adaptation.',
    conventions: [
      'This is the dual value of the entropic problem, not its transport cost ⟨P, C⟩ and not the exact Wasserstein distance, which it approaches as epsilon falls.',
      'The gradient is that of the iteration as run.',
      'Masses are taken as they are.',
    ],
    sources: ['Cuturi 2013', 'Feydy et al. 2019 (debiased)', 'POT ot.sinkhorn2'],
    names: { pot: 'sinkhorn2', geomloss: 'SamplesLoss' },
  },
  inputs: {
    input: float('n d'),
    target: float('m d'),
    inputWeight: optional(float('n')),
    targetWeight: optional(float('m')),
  },
  options: {
    p: z.union([z.literal(1), z.literal(2)]).default(2),
    epsilon: z.number().positive().default(0.1),
    iterations: z.int().min(1).max(10000).default(100),
    debiased: z.boolean().default(false),
  },
  separable: false,
  formula({ input, target, inputWeight, targetWeight }, { p, epsilon, iterations, debiased }) {
    const [a, b] = [inputWeight ?? uniform(input.shape[0]!), targetWeight ?? uniform(target.shape[0]!)];
    const cost = (x: Expr, y: Expr) => {
      const difference = x.expandDims(1).sub(y.expandDims(0));
      return p === 2 ? difference.square().sum(-1) : difference.norm(-1);
    };
    const transport = (x: Expr, mass: Expr, y: Expr, other: Expr) =>
      sinkhornDual(cost(x, y), mass, other, epsilon, iterations);
    const between = transport(input, a, target, b);
    if (!debiased) return between;
    return between.sub(
      transport(input, a, input, a)
        .add(transport(target, b, target, b))
        .mul(0.5),
    );
  },
});
