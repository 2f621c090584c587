import * as z from 'zod';
import { defineLoss } from '../../loss/define.ts';
import { float } from '../../loss/inputs.ts';
import { numberOrInfinity } from '../../loss/options.ts';

/**
 * The p-norm of the difference over the last axis.
 *
 * `(Σ|input − target|^p)^(1/p)`
 *
 * - `input`: float, shape (..., D)
 * - `target`: float, shape (..., D)
 *
 * Options: `p` (a number > 0 or Infinity, default 3), `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/minkowski.md
 */
export const minkowski = defineLoss({
  id: 'minkowski',
  family: 'distance',
  about: {
    summary: 'The p-norm of the difference over the last axis.',
    formula: '(Σ|input − target|^p)^(1/p)',
    use: 'Distances as losses, or inside others.',
    conventions: ['p below 1 is allowed, though not a norm; a component of 0 has slope 0.'],
    sources: ['scipy 1.17 spatial.distance.minkowski'],
    names: { scipy: 'spatial.distance.minkowski' },
  },
  inputs: { input: float('... D'), target: float('... D') },
  options: { p: numberOrInfinity(z.number().positive()).default(3) },
  formula: ({ input, target }, { p }) => input.sub(target).norm(-1, p),
});
