import * as z from 'zod';
import { constant } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { float, index } from '../../loss/inputs.ts';
import { cosineMatrix } from '../../shared/distances.ts';
import { marginSoftmax, monotoneCosine } from '../../shared/margin-softmax.ts';

/**
 * Softmax cross entropy with the target’s angle multiplied.
 *
 * `−log softmax(s·z)_y, z_y = ψ(θ_y) = (−1)^k·cos(m·θ) − 2k, k = min(⌊m·θ/π⌋, m − 1), s = scale or ‖x‖`
 *
 * - `input`: float, shape (N, D)
 * - `prototypes`: float, shape (K, D)
 * - `target`: int32 labels, shape (N)
 *
 * Options: `margin` (an integer >= 1 and <= 8, default 4), `scale` (a number > 0 or null, default null), `reduction`
 * ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/sphereFace.md
 */
export const sphereFace = defineLoss({
  id: 'sphereFace',
  family: 'embedding',
  about: {
    summary: 'Softmax cross entropy with the target’s angle multiplied.',
    formula: '−log softmax(s·z)_y, z_y = ψ(θ_y) = (−1)^k·cos(m·θ) − 2k, k = min(⌊m·θ/π⌋, m − 1), s = scale or ‖x‖',
    use: 'Face recognition, the first of the angular margins.',
    conventions: [
      'scale null is ‖x‖, as in the paper; only the prototypes are normalised then.',
      'ψ has a derivative everywhere, also where k changes.',
    ],
    sources: ['Liu et al. 2017, SphereFace'],
    names: { 'pytorch-metric-learning': 'SphereFaceLoss' },
  },
  inputs: { input: float('N D'), prototypes: float('K D'), target: index('N', { below: 'K' }) },
  options: { margin: z.int().min(1).max(8).default(4), scale: z.number().positive().nullable().default(null) },
  formula({ input, prototypes, target }, { margin, scale }) {
    const length = scale === null ? input.norm(-1, 2, true) : constant(scale);
    const cosines = cosineMatrix(input, prototypes);
    return marginSoftmax(cosines, target, length, monotoneCosine(cosines.pick(target, 1), margin));
  },
});
