import * as z from 'zod';
import { defineLoss } from '../../loss/define.ts';
import { float, index } from '../../loss/inputs.ts';
import { cosineMatrix } from '../../shared/distances.ts';
import { marginSoftmax } from '../../shared/margin-softmax.ts';

/**
 * Softmax cross entropy on cosines, with a margin taken off the target’s.
 *
 * `−log softmax(scale·z)_y, with z_y = cos θ_y − margin, z_j = cos θ_j`
 *
 * - `input`: float, shape (N, D)
 * - `prototypes`: float, shape (K, D)
 * - `target`: int32 labels, shape (N)
 *
 * Options: `scale` (a number > 0, default 64), `margin` (a number >= 0, default 0.35), `reduction` ("none", "mean",
 * "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/cosFace.md
 */
export const cosFace = defineLoss({
  id: 'cosFace',
  aliases: ['amSoftmax'],
  family: 'embedding',
  about: {
    summary: 'Softmax cross entropy on cosines, with a margin taken off the target’s.',
    formula: '−log softmax(scale·z)_y, with z_y = cos θ_y − margin, z_j = cos θ_j',
    use: 'Face recognition: simpler than arcFace, nearly as strong.',
    conventions: ['insightface has margin 0.4; AM-Softmax’s paper scale 30.'],
    sources: ['Wang et al. 2018, CosFace', 'Wang et al. 2018, Additive Margin Softmax'],
    names: { 'pytorch-metric-learning': 'CosFaceLoss' },
  },
  inputs: { input: float('N D'), prototypes: float('K D'), target: index('N', { below: 'K' }) },
  options: { scale: z.number().positive().default(64), margin: z.number().nonnegative().default(0.35) },
  formula({ input, prototypes, target }, { scale, margin }) {
    const cosines = cosineMatrix(input, prototypes);
    return marginSoftmax(cosines, target, scale, cosines.pick(target, 1).sub(margin));
  },
});
