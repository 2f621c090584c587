import { defineLoss } from '../../loss/define.ts';
import { regressionInputs } from '../../loss/inputs.ts';

/**
 * A bounded robust loss: outliers cost 1 and have no gradient.
 *
 * `1 − exp(−e²/2), with e = input − target`
 *
 * - `input`: float, shape (...)
 * - `target`: float, shape (...)
 * - `weight` (optional): float, shape (...), broadcast
 * - `mask` (optional): bool, shape (...), broadcast
 *
 * Options: `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/welsch.md
 */
export const welsch = defineLoss({
  id: 'welsch',
  family: 'regression',
  about: {
    summary: 'A bounded robust loss: outliers cost 1 and have no gradient.',
    formula: '1 − exp(−e²/2), with e = input − target',
    use: 'Regression where outliers should be ignored.',
    sources: ['Dennis and Welsch 1978', 'kornia welsch_loss'],
    names: { kornia: 'losses.WelschLoss' },
  },
  inputs: regressionInputs,
  formula: ({ input, target }) => input.sub(target).robust(-Infinity),
});
