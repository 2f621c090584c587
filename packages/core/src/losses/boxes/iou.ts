import * as z from 'zod';
import { defineLoss } from '../../loss/define.ts';
import { float } from '../../loss/inputs.ts';
import { boxes } from '../../shared/boxes.ts';

/**
 * 1 less intersection over union.
 *
 * `1 − I/(U + eps)`
 *
 * - `input`: float, shape (N, 4)
 * - `target`: float, shape (N, 4)
 *
 * Options: `eps` (a number >= 0, default 1e-7), `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/iou.md
 */
export const iou = defineLoss({
  id: 'iou',
  family: 'boxes',
  about: {
    summary: '1 less intersection over union.',
    formula: '1 − I/(U + eps)',
    use: 'Bounding-box regression in object detection.',
    conventions: ['Boxes are x1, y1, x2, y2.', 'Disjoint boxes have gradient 0.'],
    sources: ['Yu et al. 2016, UnitBox'],
  },
  inputs: { input: float('N 4'), target: float('N 4') },
  options: { eps: z.number().nonnegative().default(1e-7) },
  formula: ({ input, target }, { eps }) => boxes(input, target, eps).miss,
});
