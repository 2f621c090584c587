import * as z from 'zod';
import { defineLoss } from '../../loss/define.ts';
import { regressionInputs } from '../../loss/inputs.ts';

/**
 * A smooth absolute difference.
 *
 * `√(e² + eps²), with e = input − target`
 *
 * - `input`: float, shape (...)
 * - `target`: float, shape (...)
 * - `weight` (optional): float, shape (...), broadcast
 * - `mask` (optional): bool, shape (...), broadcast
 *
 * Options: `eps` (a number > 0, default 0.001), `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/charbonnier.md
 */
export const charbonnier = defineLoss({
  id: 'charbonnier',
  family: 'regression',
  about: {
    summary: 'A smooth absolute difference.',
    formula: '√(e² + eps²), with e = input − target',
    use: 'Image restoration and super-resolution; robust regression without a threshold to choose.',
    conventions: ['kornia’s charbonnier is √(e² + 1) − 1: here generalRobust with alpha 1.'],
    sources: ['Charbonnier et al. 1994', 'Lai et al. 2017 (LapSRN)'],
  },
  inputs: regressionInputs,
  options: { eps: z.number().positive().default(1e-3) },
  // eps·√(1 + (e/eps)²): the square of a large error would leave the range.
  formula: ({ input, target }, { eps }) => input.sub(target).div(eps).robust(1).add(1).mul(eps),
});
