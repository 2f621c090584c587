import * as z from 'zod';
import { where } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { float, index } from '../../loss/inputs.ts';
import { isLabel } from '../../shared/labels.ts';
import { angles, marginSoftmax } from '../../shared/margin-softmax.ts';

/**
 * Margin softmax whose hard negatives are emphasised and raise the positive’s margin.
 *
 * `−log softmax(scale·z)_y, z_j = t·cos θ_j + a for hard j, z_y = cos(θ_y + m_i), m_i = margin0 + margin1·mean of hard
 * cos θ_j`
 *
 * - `input`: float, shape (N, D)
 * - `prototypes`: float, shape (K, D)
 * - `target`: int32 labels, shape (N)
 *
 * Options: `scale` (a number > 0, default 64), `margin` (a number >= 0 and <= 3.141592653589793, default 0.5),
 * `margin0` (a number, default 0.4), `margin1` (a number, default 0.2), `t` (a number > 0, default 1.1), `a` (a
 * number, default 0.2), `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/npcFace.md
 */
export const npcFace = defineLoss({
  id: 'npcFace',
  family: 'embedding',
  about: {
    summary: 'Margin softmax whose hard negatives are emphasised and raise the positive’s margin.',
    formula:
      '−log softmax(scale·z)_y, z_j = t·cos θ_j + a for hard j, z_y = cos(θ_y + m_i), m_i = margin0 + margin1·mean of hard cos θ_j',
    use: 'Face recognition on large sets with hard negatives.',
    conventions: [
      'The embeddings are normalised here; FaceX-Zoo expects them so.',
      'margin decides which negatives are hard: cos θ_j > cos(θ_y + margin). The margin applies where cos θ_y > 0.',
      'Which are hard, and their mean, are constants in the gradient.',
    ],
    sources: ['Zeng et al. 2020, NPCFace', 'FaceX-Zoo head/NPCFace.py'],
  },
  inputs: { input: float('N D'), prototypes: float('K D'), target: index('N', { below: 'K' }) },
  options: {
    scale: z.number().positive().default(64),
    margin: z.number().min(0).max(Math.PI).default(0.5),
    margin0: z.number().default(0.4),
    margin1: z.number().default(0.2),
    t: z.number().positive().default(1.1),
    a: z.number().default(0.2),
  },
  formula({ input, prototypes, target }, { scale, margin, margin0, margin1, t, a }) {
    const { cosines, cosine, sine } = angles(input, prototypes, target);
    const own = isLabel(target, cosines);
    const shifted = cosine.mul(Math.cos(margin)).sub(sine.mul(Math.sin(margin)));
    // Which negatives are hard, and their mean, are constants in the gradient.
    const hard = where(own, 0, cosines.gt(shifted.expandDims(1)).toFloat()).stopGradient();
    const mean = cosines.mul(hard).sum(1).div(hard.sum(1).maximum(1)).stopGradient();
    const m = mean.mul(margin1).add(margin0);
    const collaborative = where(cosine.gt(0), cosine.mul(m.cos()).sub(sine.mul(m.sin())), cosine);
    const negatives = where(hard.gt(0), cosines.mul(t).add(a), cosines);
    return marginSoftmax(negatives, target, scale, collaborative);
  },
});
