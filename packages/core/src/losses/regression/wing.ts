import * as z from 'zod';
import { where } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { regressionInputs } from '../../loss/inputs.ts';

/**
 * Logarithmic near 0, linear beyond `width`.
 *
 * `width·log(1 + |e|/curvature) if |e| < width, else |e| − C`
 *
 * - `input`: float, shape (...)
 * - `target`: float, shape (...)
 * - `weight` (optional): float, shape (...), broadcast
 * - `mask` (optional): bool, shape (...), broadcast
 *
 * Options: `width` (a number > 0, default 5), `curvature` (a number > 0, default 0.5), `reduction` ("none", "mean",
 * "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/wing.md
 */
export const wing = defineLoss({
  id: 'wing',
  family: 'regression',
  about: {
    summary: 'Logarithmic near 0, linear beyond `width`.',
    formula: 'width·log(1 + |e|/curvature) if |e| < width, else |e| − C',
    use: 'Landmarks of faces, where small errors matter most.',
    conventions: ['Defaults are segmentation-models-pytorch’s; the paper has width 10, curvature 2.'],
    sources: ['Feng et al. 2018, Wing Loss', 'segmentation-models-pytorch wing_loss'],
  },
  inputs: regressionInputs,
  options: { width: z.number().positive().default(5), curvature: z.number().positive().default(0.5) },
  formula({ input, target }, { width, curvature }) {
    const error = input.sub(target).abs();
    const offset = width - width * Math.log1p(width / curvature);
    return where(error.lt(width), error.div(curvature).log1p().mul(width), error.sub(offset));
  },
});
