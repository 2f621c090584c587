import * as z from 'zod';
import { defineLoss } from '../../loss/define.ts';
import { float } from '../../loss/inputs.ts';

/**
 * The absolute sum of parameters.
 *
 * `strength·Σ|w|`
 *
 * - `parameters`: float, shape (...)
 *
 * Options: `strength` (a number >= 0, default 0.01), `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/l1Penalty.md
 */
export const l1Penalty = defineLoss({
  id: 'l1Penalty',
  family: 'penalty',
  about: {
    summary: 'The absolute sum of parameters.',
    formula: 'strength·Σ|w|',
    use: 'Regularisation towards sparse weights (lasso); add it with `combine` or `penalty`.',
    conventions: ['keras’s convention: no ½. Its l1_l2 has defaults of 0; ours are said here.'],
    sources: ['keras 3.15 regularizers'],
    names: { keras: 'regularizers.L1' },
  },
  inputs: { parameters: float('...') },
  options: { strength: z.number().nonnegative().default(0.01) },
  formula: ({ parameters }, { strength }) => parameters.abs().sum().mul(strength),
});
