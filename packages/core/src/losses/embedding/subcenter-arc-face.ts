import * as z from 'zod';
import { type Dim, mulDims } from '../../graph/dim.ts';
import { defineLoss } from '../../loss/define.ts';
import { float, index } from '../../loss/inputs.ts';
import { normalize } from '../../shared/distances.ts';
import { angularMargin, chords, marginSoftmax, sineOf } from '../../shared/margin-softmax.ts';

/**
 * arcFace with several prototypes a class, of which the nearest counts.
 *
 * `arcFace on max over sub-centres of the cosine`
 *
 * - `input`: float, shape (N, D)
 * - `prototypes`: float, shape (K, S, D)
 * - `target`: int32 labels, shape (N)
 *
 * Options: `scale` (a number > 0, default 64), `margin` (a number >= 0 and <= 3.141592653589793, default 0.5),
 * `easyMargin` (true or false, default false), `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/subcenterArcFace.md
 */
export const subcenterArcFace = defineLoss({
  id: 'subcenterArcFace',
  family: 'embedding',
  about: {
    summary: 'arcFace with several prototypes a class, of which the nearest counts.',
    formula: 'arcFace on max over sub-centres of the cosine',
    use: 'Face recognition with noisy labels.',
    conventions: [
      'Prototypes are (K, S, D), S sub-centres a class; ties of the nearest share.',
      'pytorch-metric-learning’s margin is 28.6 degrees.',
    ],
    sources: ['Deng et al. 2020, Sub-center ArcFace'],
    names: { 'pytorch-metric-learning': 'SubCenterArcFaceLoss' },
  },
  inputs: { input: float('N D'), prototypes: float('K S D'), target: index('N', { below: 'K' }) },
  options: {
    scale: z.number().positive().default(64),
    margin: z.number().min(0).max(Math.PI).default(0.5),
    easyMargin: z.boolean().default(false),
  },
  formula({ input, prototypes, target }, { scale, margin, easyMargin }) {
    const [N, K, S, D] = [input.shape[0]!, ...prototypes.shape] as [Dim, Dim, Dim, Dim];
    const [x, w] = [normalize(input), normalize(prototypes)];
    const cosines = x.matmul(w.reshape([mulDims(K, S), D]).transpose([1, 0])).reshape([N, K, S]);
    const nearest = cosines.max(2);
    // The nearest of the own class's sub-centres has the largest cosine, the shortest chord, and the longest one away.
    const own = w.gather(target.reshape([N, 1, 1]).broadcastTo([N, S, D]), 0);
    const { toward, away } = chords(x.expandDims(1), own);
    const sine = sineOf(toward.neg().max(1).neg(), away.max(1));
    const cosine = nearest.pick(target, 1);
    return marginSoftmax(nearest, target, scale, angularMargin(cosine, sine, margin, easyMargin));
  },
});
