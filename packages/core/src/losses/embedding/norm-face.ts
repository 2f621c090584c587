import * as z from 'zod';
import { defineLoss } from '../../loss/define.ts';
import { float, index } from '../../loss/inputs.ts';
import { cosineMatrix } from '../../shared/distances.ts';
import { softmaxCrossEntropy } from '../../shared/labels.ts';

/**
 * Softmax cross entropy on scaled cosines.
 *
 * `−log softmax(scale·cos θ)_y`
 *
 * - `input`: float, shape (N, D)
 * - `prototypes`: float, shape (K, D)
 * - `target`: int32 labels, shape (N)
 *
 * Options: `scale` (a number > 0, default 64), `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/normFace.md
 */
export const normFace = defineLoss({
  id: 'normFace',
  family: 'embedding',
  about: {
    summary: 'Softmax cross entropy on scaled cosines.',
    formula: '−log softmax(scale·cos θ)_y',
    use: 'Normalised softmax: the margin losses without a margin.',
    sources: ['Wang et al. 2017, NormFace'],
    names: { 'pytorch-metric-learning': 'NormalizedSoftmaxLoss' },
  },
  inputs: { input: float('N D'), prototypes: float('K D'), target: index('N', { below: 'K' }) },
  options: { scale: z.number().positive().default(64) },
  formula: ({ input, prototypes, target }, { scale }) =>
    softmaxCrossEntropy(cosineMatrix(input, prototypes).mul(scale), target),
});
