import * as z from 'zod';
import { concat, where } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { float, index } from '../../loss/inputs.ts';
import { angles, angularMargin, marginSoftmax } from '../../shared/margin-softmax.ts';

/**
 * arcFace over the batch and a queue of past embeddings, compensated for how the prototypes have moved since.
 *
 * `arcFace over batch and queue; queued e becomes e + (‖e‖/‖w_q‖)·(w_now − w_q)`
 *
 * - `input`: float, shape (N, D)
 * - `prototypes`: float, shape (K, D)
 * - `target`: int32 labels, shape (N)
 * - `queueFeatures`: float, shape (Q, D)
 * - `queueTargets`: int32 labels, shape (Q)
 * - `queuePrototypes`: float, shape (Q, D)
 *
 * Options: `scale` (a number > 0, default 64), `margin` (a number >= 0 and <= 3.141592653589793, default 0.5),
 * `easyMargin` (true or false, default false), `compensate` (true or false, default true), `reduction` ("none",
 * "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/broadFace.md
 */
export const broadFace = defineLoss({
  id: 'broadFace',
  family: 'embedding',
  about: {
    summary:
      'arcFace over the batch and a queue of past embeddings, compensated for how the prototypes have moved since.',
    formula: 'arcFace over batch and queue; queued e becomes e + (‖e‖/‖w_q‖)·(w_now − w_q)',
    use: 'Face recognition with many identities and small batches.',
    conventions: [
      'The queue, and the compensation, are constants in the gradient; the prototypes learn from batch and queue.',
      'The mean is over N + Q. `BroadFaceQueue` keeps the queue.',
      'The authors’ code adds the batch’s own loss, from which alone the embeddings learn there; here they learn from the mean over all.',
    ],
    sources: ['Kim, Park and Shin 2020, BroadFace', 'kakaoenterprise/BroadFace loss.py'],
  },
  inputs: {
    input: float('N D'),
    prototypes: float('K D'),
    target: index('N', { below: 'K' }),
    queueFeatures: float('Q D'),
    queueTargets: index('Q', { below: 'K' }),
    queuePrototypes: float('Q D'),
  },
  options: {
    scale: z.number().positive().default(64),
    margin: z.number().min(0).max(Math.PI).default(0.5),
    easyMargin: z.boolean().default(false),
    compensate: z.boolean().default(true),
  },
  formula(
    { input, prototypes, target, queueFeatures, queueTargets, queuePrototypes },
    { scale, margin, easyMargin, compensate },
  ) {
    const [features, then] = [queueFeatures.stopGradient(), queuePrototypes.stopGradient()];
    const now = prototypes.rows(queueTargets).stopGradient();
    const lengthThen = then.norm(-1, 2, true);
    const moved = now.sub(then).mul(features.norm(-1, 2, true).div(where(lengthThen.eq(0), 1, lengthThen)));
    const all = concat([input, compensate ? features.add(moved) : features], 0);
    const labels = concat([target, queueTargets], 0);
    const { cosines, cosine, sine } = angles(all, prototypes, labels);
    return marginSoftmax(cosines, labels, scale, angularMargin(cosine, sine, margin, easyMargin));
  },
});
