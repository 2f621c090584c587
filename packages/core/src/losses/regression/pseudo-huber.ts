import * as z from 'zod';
import { defineLoss } from '../../loss/define.ts';
import { regressionInputs } from '../../loss/inputs.ts';

/**
 * A smooth huber.
 *
 * `delta²·(√(1 + (e/delta)²) − 1), with e = input − target`
 *
 * - `input`: float, shape (...)
 * - `target`: float, shape (...)
 * - `weight` (optional): float, shape (...), broadcast
 * - `mask` (optional): bool, shape (...), broadcast
 *
 * Options: `delta` (a number > 0, default 1), `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/pseudoHuber.md
 */
export const pseudoHuber = defineLoss({
  id: 'pseudoHuber',
  family: 'regression',
  about: {
    summary: 'A smooth huber.',
    formula: 'delta²·(√(1 + (e/delta)²) − 1), with e = input − target',
    use: 'Robust regression with outliers, where second derivatives should be continuous.',
    sources: ['Charbonnier et al. 1997', 'scipy 1.17 special.pseudo_huber'],
    names: { scipy: 'special.pseudo_huber' },
  },
  inputs: regressionInputs,
  options: { delta: z.number().positive().default(1) },
  formula: ({ input, target }, { delta }) =>
    input
      .sub(target)
      .div(delta)
      .robust(1)
      .mul(delta * delta),
});
