import * as z from 'zod';
import type { Dim } from '../../graph/dim.ts';
import { concat, iota, where, zeros } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { float } from '../../loss/inputs.ts';
import { activated, softmaxNeedsClasses } from '../../shared/regions.ts';

/**
 * How much neighbouring pixels differ: as a loss, it smooths.
 *
 * `Σ|x_{i+1,j} − x_{ij}| + Σ|x_{i,j+1} − x_{ij}|`
 *
 * - `input`: float, shape (..., H, W)
 *
 * Options: `activation` ("none", "sigmoid", "softmax", default "none"), `reduction` ("none", "mean", "sum", "partial",
 * default "mean").
 *
 * When to use it, conventions, sources: docs/losses/totalVariation.md
 */
export const totalVariation = defineLoss({
  id: 'totalVariation',
  family: 'segmentation',
  about: {
    summary: 'How much neighbouring pixels differ: as a loss, it smooths.',
    formula: 'Σ|x_{i+1,j} − x_{ij}| + Σ|x_{i,j+1} − x_{ij}|',
    use: 'Image restoration and denoising; smooth masks.',
    conventions: [
      'One value an image and channel; kornia sums the channels too.',
      'A softmax is over axis 1, the channels.',
    ],
    sources: ['Rudin, Osher and Fatemi 1992', 'kornia total_variation'],
    names: { kornia: 'losses.TotalVariation' },
  },
  inputs: { input: float('... H W') },
  options: { activation: z.enum(['none', 'sigmoid', 'softmax']).default('none') },
  precondition: ({ activation }, { shapes }) => softmaxNeedsClasses(activation, shapes.input!, 3),
  formula({ input }, { activation }) {
    const x = activated(input, activation, 1);
    const [rows, columns] = [x.rank - 2, x.rank - 1];
    // Each pixel less the one before it; the first has none.
    const steps = (axis: number) => {
      const like = (size: Dim) => x.shape.map((dim, k) => (k === axis ? size : dim));
      const before = concat([zeros({ dtype: 'float', shape: like(1) }), x], axis).slice(axis, 0, x.shape[axis]!);
      const first = iota(x.shape[axis]!)
        .eq(0)
        .reshape(x.shape.map((dim, k) => (k === axis ? dim : 1)));
      return where(first, 0, x.sub(before)).abs();
    };
    return steps(rows).add(steps(columns)).sum([rows, columns]);
  },
});
