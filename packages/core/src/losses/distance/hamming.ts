import * as z from 'zod';
import { defineLoss } from '../../loss/define.ts';
import { float } from '../../loss/inputs.ts';

/**
 * The share of differing elements; soft, the mean absolute difference.
 *
 * `mean[input ≠ target], mean[(input > threshold) ≠ (target > threshold)], or mean|input − target|`
 *
 * - `input`: float, shape (..., D)
 * - `target`: float, shape (..., D)
 *
 * Options: `threshold` (a number or null, default null), `soft` (true or false, default false), `reduction` ("none",
 * "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/hamming.md
 */
export const hamming = defineLoss({
  id: 'hamming',
  family: 'distance',
  about: {
    summary: 'The share of differing elements; soft, the mean absolute difference.',
    formula: 'mean[input ≠ target], mean[(input > threshold) ≠ (target > threshold)], or mean|input − target|',
    use: 'Comparing binary codes and multi-label predictions; soft, training them.',
    conventions: ['Only soft has a gradient.'],
    sources: ['Hamming 1950', 'scipy 1.17 spatial.distance.hamming'],
    names: { scipy: 'spatial.distance.hamming', sklearn: 'hamming_loss' },
  },
  inputs: { input: float('... D'), target: float('... D') },
  options: { threshold: z.number().nullable().default(null), soft: z.boolean().default(false) },
  notDifferentiable: ({ soft }) => (soft ? undefined : 'it counts; use soft: true'),
  formula({ input, target }, { threshold, soft }) {
    if (soft) return input.sub(target).abs().mean(-1);
    const differs =
      threshold === null ? input.ne(target) : input.gt(threshold).toFloat().ne(target.gt(threshold).toFloat());
    return differs.toFloat().mean(-1);
  },
});
