import * as z from 'zod';
import { constant, where } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { float, index } from '../../loss/inputs.ts';
import { cosineMatrix } from '../../shared/distances.ts';
import { isLabel, softmaxCrossEntropy } from '../../shared/labels.ts';

/**
 * Circle loss on class prototypes: each cosine is weighted by how far it is from where it should be.
 *
 * `log(1 + Σ_{j≠y} exp(gamma·α_j·(s_j − margin)) · exp(−gamma·α_y·(s_y − (1 − margin)))), α_j = max(0, s_j + margin),
 * α_y = max(0, 1 + margin − s_y)`
 *
 * - `input`: float, shape (N, D)
 * - `prototypes`: float, shape (K, D)
 * - `target`: int32 labels, shape (N)
 *
 * Options: `margin` (a number >= 0 and <= 1, default 0.25), `gamma` (a number > 0, default 256), `reduction` ("none",
 * "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/circleClassification.md
 */
export const circleClassification = defineLoss({
  id: 'circleClassification',
  family: 'embedding',
  about: {
    summary: 'Circle loss on class prototypes: each cosine is weighted by how far it is from where it should be.',
    formula:
      'log(1 + Σ_{j≠y} exp(gamma·α_j·(s_j − margin)) · exp(−gamma·α_y·(s_y − (1 − margin)))), α_j = max(0, s_j + margin), α_y = max(0, 1 + margin − s_y)',
    use: 'Face recognition and other class-level metric learning.',
    conventions: ['Normalised inside; the weights α are constants in the gradient.'],
    sources: ['Sun et al. 2020, Circle Loss'],
  },
  inputs: { input: float('N D'), prototypes: float('K D'), target: index('N', { below: 'K' }) },
  options: { margin: z.number().min(0).max(1).default(0.25), gamma: z.number().positive().default(256) },
  formula({ input, prototypes, target }, { margin, gamma }) {
    const cosines = cosineMatrix(input, prototypes);
    // The weights are constants in the gradient, as in the paper.
    const positive = constant(1 + margin)
      .sub(cosines)
      .relu()
      .stopGradient()
      .mul(cosines.sub(1 - margin));
    const negative = cosines.add(margin).relu().stopGradient().mul(cosines.sub(margin));
    return softmaxCrossEntropy(where(isLabel(target, cosines), positive, negative).mul(gamma), target);
  },
});
