import * as z from 'zod';
import { defineLoss } from '../../loss/define.ts';
import { float } from '../../loss/inputs.ts';

/**
 * The squared sum of parameters, without a factor ½.
 *
 * `strength·Σw²`
 *
 * - `parameters`: float, shape (...)
 *
 * Options: `strength` (a number >= 0, default 0.01), `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/l2Penalty.md
 */
export const l2Penalty = defineLoss({
  id: 'l2Penalty',
  family: 'penalty',
  about: {
    summary: 'The squared sum of parameters, without a factor ½.',
    formula: 'strength·Σw²',
    use: 'Regularisation: weight decay (ridge); add it with `combine` or `penalty`.',
    conventions: ['keras’s convention: no ½. Its l1_l2 has defaults of 0; ours are said here.'],
    sources: ['keras 3.15 regularizers'],
    names: { keras: 'regularizers.L2' },
  },
  inputs: { parameters: float('...') },
  options: { strength: z.number().nonnegative().default(0.01) },
  formula: ({ parameters }, { strength }) => parameters.square().sum().mul(strength),
});
