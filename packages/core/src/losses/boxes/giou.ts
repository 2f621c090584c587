import * as z from 'zod';
import { defineLoss } from '../../loss/define.ts';
import { float } from '../../loss/inputs.ts';
import { boxes } from '../../shared/boxes.ts';

/**
 * iou less the empty share of the enclosing box.
 *
 * `1 − IoU + (C − U)/(C + eps)`
 *
 * - `input`: float, shape (N, 4)
 * - `target`: float, shape (N, 4)
 *
 * Options: `eps` (a number >= 0, default 1e-7), `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/giou.md
 */
export const giou = defineLoss({
  id: 'giou',
  family: 'boxes',
  about: {
    summary: 'iou less the empty share of the enclosing box.',
    formula: '1 − IoU + (C − U)/(C + eps)',
    use: 'Bounding-box regression in object detection, also where boxes do not overlap.',
    conventions: ['Boxes are x1, y1, x2, y2.'],
    sources: ['Rezatofighi et al. 2019', 'torchvision 0.28 ops.generalized_box_iou_loss'],
    names: { torchvision: 'ops.generalized_box_iou_loss' },
  },
  inputs: { input: float('N 4'), target: float('N 4') },
  options: { eps: z.number().nonnegative().default(1e-7) },
  formula({ input, target }, { eps }) {
    const { miss, empty } = boxes(input, target, eps);
    return miss.add(empty);
  },
});
