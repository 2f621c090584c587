import * as z from 'zod';
import { defineLoss } from '../../loss/define.ts';
import { float, index } from '../../loss/inputs.ts';
import { angles, angularMargin, marginSoftmax } from '../../shared/margin-softmax.ts';

/**
 * Softmax cross entropy on angles, with an angular margin added to the target’s.
 *
 * `−log softmax(scale·z)_y, with z_y = cos(θ_y + margin), z_j = cos θ_j`
 *
 * - `input`: float, shape (N, D)
 * - `prototypes`: float, shape (K, D)
 * - `target`: int32 labels, shape (N)
 *
 * Options: `scale` (a number > 0, default 64), `margin` (a number >= 0 and <= 3.141592653589793, default 0.5),
 * `easyMargin` (true or false, default false), `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/arcFace.md
 */
export const arcFace = defineLoss({
  id: 'arcFace',
  family: 'embedding',
  about: {
    summary: 'Softmax cross entropy on angles, with an angular margin added to the target’s.',
    formula: '−log softmax(scale·z)_y, with z_y = cos(θ_y + margin), z_j = cos θ_j',
    use: 'Face recognition and other open-set identification, where classes must be compact in angle.',
    conventions: [
      'Beyond θ = π − margin the target logit is cos θ − margin·sin(margin), as in insightface; with easyMargin it is cos θ wherever cos θ <= 0.',
      'Embeddings and prototypes are normalised inside; margins are radians (pytorch-metric-learning takes degrees).',
      'sin θ is the length of what of the embedding is not along its prototype, √(1 − cos²) without its cancellation; its derivative at θ = 0 and π is 0, where elsewhere the gradient is infinite or NaN.',
    ],
    sources: ['Deng et al. 2019, ArcFace', 'insightface recognition/arcface_torch'],
    names: { 'pytorch-metric-learning': 'ArcFaceLoss' },
  },
  inputs: { input: float('N D'), prototypes: float('K D'), target: index('N', { below: 'K' }) },
  options: {
    scale: z.number().positive().default(64),
    margin: z.number().min(0).max(Math.PI).default(0.5),
    easyMargin: z.boolean().default(false),
  },
  formula({ input, prototypes, target }, { scale, margin, easyMargin }) {
    const { cosines, cosine, sine } = angles(input, prototypes, target);
    return marginSoftmax(cosines, target, scale, angularMargin(cosine, sine, margin, easyMargin));
  },
});
