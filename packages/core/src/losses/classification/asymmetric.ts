import * as z from 'zod';
import { complement, type Expr, where } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { float, mask, weight } from '../../loss/inputs.ts';

/**
 * Multi-label focal loss with unequal focusing, and negatives below a probability left out.
 *
 * `−t·(1 − p)^γ₊·log p − (1 − t)·pₘ^γ₋·log(1 − pₘ), p = sigmoid(x), pₘ = max(p − clip, 0)`
 *
 * - `input`: float, shape (...)
 * - `target`: float, shape (...)
 * - `weight` (optional): float, shape (...), broadcast
 * - `mask` (optional): bool, shape (...), broadcast
 *
 * Options: `gammaNegative` (a number >= 0, default 4), `gammaPositive` (a number >= 0, default 1), `clip` (a number >=
 * 0 and < 1, default 0.05), `eps` (a number > 0, default 1e-8), `detachFocal` (true or false, default false),
 * `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/asymmetric.md
 */
export const asymmetric = defineLoss({
  id: 'asymmetric',
  family: 'classification',
  about: {
    summary: 'Multi-label focal loss with unequal focusing, and negatives below a probability left out.',
    formula: '−t·(1 − p)^γ₊·log p − (1 − t)·pₘ^γ₋·log(1 − pₘ), p = sigmoid(x), pₘ = max(p − clip, 0)',
    use: 'Multi-label classification with many negatives a positive, an extreme imbalance.',
    conventions: [
      'The arguments of the logarithms are at least eps; below it the gradient is 0.',
      'timm and the authors’ code sum over everything: reduction "sum".',
      'The authors stop the gradient of the focal weight: detachFocal.',
    ],
    sources: ['Ridnik et al. 2021, Asymmetric Loss', 'timm AsymmetricLossMultiLabel'],
    names: { timm: 'AsymmetricLossMultiLabel' },
  },
  inputs: { input: float('...'), target: float('...'), weight: weight('...', 'count'), mask: mask('...') },
  options: {
    gammaNegative: z.number().nonnegative().default(4),
    gammaPositive: z.number().nonnegative().default(1),
    clip: z.number().min(0).lt(1).default(0.05),
    eps: z.number().positive().default(1e-8),
    detachFocal: z.boolean().default(false),
  },
  formula({ input, target }, { gammaNegative, gammaPositive, clip, eps, detachFocal }) {
    const hold = (x: Expr) => (detachFocal ? x.stopGradient() : x);
    const shifted = input.sigmoid().sub(clip).relu();
    const [seen, likely] = [shifted.gt(0), input.gt(0)];
    // log(1 − pₘ): of 1 − p + clip where p is large, and by log1p where it is small.
    const rest = where(likely, input.neg().sigmoid().add(clip).minimum(1).maximum(eps), 1).log();
    const logRest = where(likely, rest, where(likely, 0, shifted).neg().log1p());
    const positive = hold(input.softplus().mul(-gammaPositive).exp()).mul(input.logSigmoid().maximum(Math.log(eps)));
    const negative = where(seen, hold(where(seen, shifted, 1).pow(gammaNegative)).mul(logRest), 0);
    return target.mul(positive).add(complement(target).mul(negative)).neg();
  },
});
