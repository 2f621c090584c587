import * as z from 'zod';
import { defineLoss } from '../../loss/define.ts';
import { regressionInputs } from '../../loss/inputs.ts';

/**
 * Barron’s family: one shape parameter from mse (2) over charbonnier (1), cauchy (0) and gemanMcClure (−2) to welsch
 * (−∞).
 *
 * `(|α−2|/α)·(((e/scale)²/|α−2| + 1)^(α/2) − 1), with its limits at α = 2, 0, −∞`
 *
 * - `input`: float, shape (...)
 * - `target`: float, shape (...)
 * - `weight` (optional): float, shape (...), broadcast
 * - `mask` (optional): bool, shape (...), broadcast
 *
 * Options: `alpha` (a number or -Infinity, default 1), `scale` (a number > 0, default 1), `reduction` ("none", "mean",
 * "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/generalRobust.md
 */
export const generalRobust = defineLoss({
  id: 'generalRobust',
  family: 'regression',
  about: {
    summary:
      'Barron’s family: one shape parameter from mse (2) over charbonnier (1), cauchy (0) and gemanMcClure (−2) to welsch (−∞).',
    formula: '(|α−2|/α)·(((e/scale)²/|α−2| + 1)^(α/2) − 1), with its limits at α = 2, 0, −∞',
    use: 'Regression with outliers, choosing robustness by one number.',
    sources: ['Barron 2019, A General and Adaptive Robust Loss Function'],
  },
  inputs: regressionInputs,
  options: {
    alpha: z.number().or(z.literal(Number.NEGATIVE_INFINITY)).default(1),
    scale: z.number().positive().default(1),
  },
  formula({ input, target }, { alpha, scale }) {
    const error = input.sub(target).div(scale);
    return alpha === 2 ? error.square().mul(0.5) : error.robust(alpha);
  },
});
