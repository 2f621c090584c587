import * as z from 'zod';
import { defineLoss } from '../../loss/define.ts';
import { float } from '../../loss/inputs.ts';
import { boxes } from '../../shared/boxes.ts';

/**
 * diou plus the difference of aspect ratios.
 *
 * `1 − IoU + d²/(c² + eps) + α·v, v = 4/π²·(atan(w_t/h_t) − atan(w/h))², α = v/(1 − IoU + v + eps)`
 *
 * - `input`: float, shape (N, 4)
 * - `target`: float, shape (N, 4)
 *
 * Options: `eps` (a number >= 0, default 1e-7), `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/ciou.md
 */
export const ciou = defineLoss({
  id: 'ciou',
  family: 'boxes',
  about: {
    summary: 'diou plus the difference of aspect ratios.',
    formula: '1 − IoU + d²/(c² + eps) + α·v, v = 4/π²·(atan(w_t/h_t) − atan(w/h))², α = v/(1 − IoU + v + eps)',
    use: 'Bounding-box regression in object detection, where shapes matter too.',
    conventions: [
      'Boxes are x1, y1, x2, y2.',
      'α is constant in the gradient. A box without height has atan 0 for its aspect.',
      '`eps` is in every denominator; torchvision does not hand it on to the distance part.',
    ],
    sources: ['Zheng et al. 2020', 'torchvision 0.28 ops.complete_box_iou_loss'],
    names: { torchvision: 'ops.complete_box_iou_loss' },
  },
  inputs: { input: float('N 4'), target: float('N 4') },
  options: { eps: z.number().nonnegative().default(1e-7) },
  formula({ input, target }, { eps }) {
    const { miss, distance, aspect } = boxes(input, target, eps);
    const v = aspect(target)
      .sub(aspect(input))
      .square()
      .mul(4 / Math.PI ** 2);
    const alpha = v.div(miss.add(v).add(eps)).stopGradient();
    return miss.add(distance).add(alpha.mul(v));
  },
});
