import * as z from 'zod';
import { complement, logisticLoss, mixturePower, where } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { float, mask, optional, weight } from '../../loss/inputs.ts';

/**
 * Binary cross entropy of logits that turns away from what is already right.
 *
 * `αₜ·(1−pₜ)^γ·bce, with p = σ(x), pₜ = p·t + (1−p)(1−t), αₜ = α·t + (1−α)(1−t)`
 *
 * - `input`: float, shape (...)
 * - `target`: float, shape (...)
 * - `weight` (optional): float, shape (...), broadcast
 * - `mask` (optional): bool, shape (...), broadcast
 * - `normalizer` (optional): float, shape ()
 *
 * Options: `alpha` (a number >= 0 and <= 1 or null, default 0.25), `gamma` (a number >= 0, default 2), `reduction`
 * ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/sigmoidFocal.md
 */
export const sigmoidFocal = defineLoss({
  id: 'sigmoidFocal',
  family: 'classification',
  about: {
    summary: 'Binary cross entropy of logits that turns away from what is already right.',
    formula: 'αₜ·(1−pₜ)^γ·bce, with p = σ(x), pₜ = p·t + (1−p)(1−t), αₜ = α·t + (1−α)(1−t)',
    use: 'Dense object detection and other extreme class imbalance; mmdetection divides by the number of positives: give it as `normalizer`.',
    conventions: [
      'alpha null switches α off (torchvision writes −1).',
      'The mean divides by the count, or by `normalizer`.',
    ],
    sources: [
      'Lin et al. 2017, Focal Loss for Dense Object Detection',
      'torchvision 0.28 ops.sigmoid_focal_loss',
      'mmdetection FocalLoss (avg_factor)',
    ],
    names: {
      torchvision: 'ops.sigmoid_focal_loss',
      keras: 'BinaryFocalCrossentropy(from_logits=True)',
      optax: 'sigmoid_focal_loss',
    },
  },
  inputs: {
    input: float('...'),
    target: float('...'),
    weight: weight('...', 'count'),
    mask: mask('...'),
    normalizer: optional(float('')),
  },
  options: { alpha: z.number().min(0).max(1).nullable().default(0.25), gamma: z.number().nonnegative().default(2) },
  formula({ input, target, normalizer }, { alpha, gamma }) {
    const [t, notT] = [target, complement(target)];
    const bce = logisticLoss(input, t);
    // At an infinite logit the factor has reached its limit; its derivative would make the gradient ∞·0.
    const x = where(input.isFinite(), input, input.stopGradient());
    const focused = gamma === 0 ? bce : bce.mul(mixturePower(t, x.logSigmoid(), x.neg().logSigmoid(), gamma));
    const values = alpha === null ? focused : focused.mul(t.mul(alpha).add(notT.mul(1 - alpha)));
    return normalizer === undefined ? values : { values, normalizer };
  },
});
