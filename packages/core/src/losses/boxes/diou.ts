import * as z from 'zod';
import { defineLoss } from '../../loss/define.ts';
import { float } from '../../loss/inputs.ts';
import { boxes } from '../../shared/boxes.ts';

/**
 * iou plus the squared distance of centres over the enclosing diagonal.
 *
 * `1 − IoU + d²/(c² + eps)`
 *
 * - `input`: float, shape (N, 4)
 * - `target`: float, shape (N, 4)
 *
 * Options: `eps` (a number >= 0, default 1e-7), `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/diou.md
 */
export const diou = defineLoss({
  id: 'diou',
  family: 'boxes',
  about: {
    summary: 'iou plus the squared distance of centres over the enclosing diagonal.',
    formula: '1 − IoU + d²/(c² + eps)',
    use: 'Bounding-box regression in object detection; converges faster than giou where boxes do not overlap.',
    conventions: ['Boxes are x1, y1, x2, y2.'],
    sources: ['Zheng et al. 2020', 'torchvision 0.28 ops.distance_box_iou_loss'],
    names: { torchvision: 'ops.distance_box_iou_loss' },
  },
  inputs: { input: float('N 4'), target: float('N 4') },
  options: { eps: z.number().nonnegative().default(1e-7) },
  formula({ input, target }, { eps }) {
    const { miss, distance } = boxes(input, target, eps);
    return miss.add(distance);
  },
});
