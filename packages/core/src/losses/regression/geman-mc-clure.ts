import { defineLoss } from '../../loss/define.ts';
import { regressionInputs } from '../../loss/inputs.ts';

/**
 * A bounded robust loss with heavier shoulders than welsch.
 *
 * `2e²/(e² + 4), with e = input − target`
 *
 * - `input`: float, shape (...)
 * - `target`: float, shape (...)
 * - `weight` (optional): float, shape (...), broadcast
 * - `mask` (optional): bool, shape (...), broadcast
 *
 * Options: `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/gemanMcClure.md
 */
export const gemanMcClure = defineLoss({
  id: 'gemanMcClure',
  family: 'regression',
  about: {
    summary: 'A bounded robust loss with heavier shoulders than welsch.',
    formula: '2e²/(e² + 4), with e = input − target',
    use: 'Regression where outliers should be ignored.',
    sources: ['Geman and McClure 1985', 'kornia geman_mcclure_loss'],
    names: { kornia: 'losses.GemanMcclureLoss' },
  },
  inputs: regressionInputs,
  formula: ({ input, target }) => input.sub(target).robust(-2),
});
