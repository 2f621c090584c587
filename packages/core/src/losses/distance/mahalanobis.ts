import { productOfDims } from '../../graph/dim.ts';
import { where } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { float } from '../../loss/inputs.ts';

/**
 * The distance in units of a covariance.
 *
 * `√(dᵀ·inverseCovariance·d), d = input − target`
 *
 * - `input`: float, shape (..., D)
 * - `target`: float, shape (..., D)
 * - `inverseCovariance`: float, shape (D, D)
 *
 * Options: `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/mahalanobis.md
 */
export const mahalanobis = defineLoss({
  id: 'mahalanobis',
  family: 'distance',
  about: {
    summary: 'The distance in units of a covariance.',
    formula: '√(dᵀ·inverseCovariance·d), d = input − target',
    use: 'Anomaly detection and metric learning with correlated features.',
    conventions: [
      'Takes the inverse of the covariance, as scipy does. The gradient at distance 0 is 0; a form that is not positive gives NaN.',
    ],
    sources: ['scipy 1.17 spatial.distance.mahalanobis'],
    names: { scipy: 'spatial.distance.mahalanobis' },
  },
  inputs: { input: float('... D'), target: float('... D'), inverseCovariance: float('D D') },
  formula({ input, target, inverseCovariance }) {
    const d = input.sub(target);
    // In units of the largest component: its square may leave the range. The distance is as many times larger.
    const largest = d.abs().max(-1, true).stopGradient();
    const scale = where(largest.isFinite().and(largest.gt(0)), largest, 1);
    const rows = d.div(scale).reshape([productOfDims(d.shape.slice(0, -1)), d.shape.at(-1)!]);
    const squared = rows.matmul(inverseCovariance).mul(rows).sum(-1).reshape(d.shape.slice(0, -1));
    const none = squared.eq(0);
    return where(none, 0, where(none, 1, squared).sqrt()).mul(scale.squeeze(-1));
  },
});
