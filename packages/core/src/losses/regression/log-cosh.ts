import { defineLoss } from '../../loss/define.ts';
import { regressionInputs } from '../../loss/inputs.ts';

/**
 * log cosh of the difference: quadratic near 0, linear far out, smooth throughout.
 *
 * `log cosh(input − target)`
 *
 * - `input`: float, shape (...)
 * - `target`: float, shape (...)
 * - `weight` (optional): float, shape (...), broadcast
 * - `mask` (optional): bool, shape (...), broadcast
 *
 * Options: `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/logCosh.md
 */
export const logCosh = defineLoss({
  id: 'logCosh',
  family: 'regression',
  about: {
    summary: 'log cosh of the difference: quadratic near 0, linear far out, smooth throughout.',
    formula: 'log cosh(input − target)',
    use: 'Regression with outliers: a smooth stand-in for huber.',
    conventions: [
      'Exact near 0, where keras, optax and tfjs give 0 in float32 for differences below about 1e−4, and far out, where torchmetrics overflows.',
    ],
    sources: ['keras 3.15 LogCosh', 'optax 0.2 log_cosh'],
    names: { keras: 'LogCosh', optax: 'log_cosh' },
  },
  inputs: regressionInputs,
  formula: ({ input, target }) => input.sub(target).logCosh(),
});
