import * as z from 'zod';
import { defineLoss } from '../../loss/define.ts';
import { float } from '../../loss/inputs.ts';

/**
 * Both penalties, mixed.
 *
 * `strength·(l1Ratio·Σ|w| + (1 − l1Ratio)·Σw²)`
 *
 * - `parameters`: float, shape (...)
 *
 * Options: `strength` (a number >= 0, default 0.01), `l1Ratio` (a number >= 0 and <= 1, default 0.5), `reduction`
 * ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/elasticNet.md
 */
export const elasticNet = defineLoss({
  id: 'elasticNet',
  family: 'penalty',
  about: {
    summary: 'Both penalties, mixed.',
    formula: 'strength·(l1Ratio·Σ|w| + (1 − l1Ratio)·Σw²)',
    use: 'Regularisation: sparse weights and weight decay together; add it with `combine` or `penalty`.',
    conventions: ['keras’s convention: no ½. Its l1_l2 has defaults of 0; ours are said here.'],
    sources: ['keras 3.15 regularizers'],
    names: { keras: 'regularizers.L1L2' },
  },
  inputs: { parameters: float('...') },
  options: { strength: z.number().nonnegative().default(0.01), l1Ratio: z.number().min(0).max(1).default(0.5) },
  formula: ({ parameters }, { strength, l1Ratio }) =>
    parameters
      .abs()
      .sum()
      .mul(l1Ratio)
      .add(
        parameters
          .square()
          .sum()
          .mul(1 - l1Ratio),
      )
      .mul(strength),
});
