import * as z from 'zod';
import { fraction } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { float } from '../../loss/inputs.ts';
import { activated, batchHasNoPartial, overlaps, overTotals, softmaxNeedsClasses } from '../../shared/regions.ts';

/**
 * 1 less the overlap of two soft sets over their union.
 *
 * `minMax: 1 − Σ min(p, t)/Σ max(p, t); product: 1 − I/(Σp + Σt − I)`
 *
 * - `input`: float, shape (N, ...)
 * - `target`: float, shape (N, ...)
 *
 * Options: `form` ("minMax", "product", default "minMax"), `activation` ("none", "sigmoid", "softmax", default
 * "none"), `smooth` (a number >= 0, default 0), `per` ("sample", "batch", default "sample"), `reduction` ("none",
 * "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/jaccard.md
 */
export const jaccard = defineLoss({
  id: 'jaccard',
  family: 'segmentation',
  about: {
    summary: '1 less the overlap of two soft sets over their union.',
    formula: 'minMax: 1 − Σ min(p, t)/Σ max(p, t); product: 1 − I/(Σp + Σt − I)',
    use: 'Segmentation under class imbalance, where the overlap (IoU) counts.',
    conventions: ['Empty against empty is 0.', 'A softmax is over axis 1.'],
    sources: ['Jaccard 1901', 'Ružička 1958', 'MONAI DiceLoss(jaccard=True)'],
    names: { smp: 'JaccardLoss', scipy: 'spatial.distance.jaccard' },
  },
  inputs: { input: float('N ...'), target: float('N ...') },
  options: {
    form: z.enum(['minMax', 'product']).default('minMax'),
    activation: z.enum(['none', 'sigmoid', 'softmax']).default('none'),
    smooth: z.number().nonnegative().default(0),
    per: z.enum(['sample', 'batch']).default('sample'),
  },
  precondition(options, { shapes }) {
    return batchHasNoPartial(options) ?? softmaxNeedsClasses(options.activation, shapes.input!, 2);
  },
  formula({ input, target }, { form, activation, smooth, per }) {
    const total = overTotals(input, null, per);
    // The union less the overlap, against the overlap.
    if (form === 'minMax') {
      const p = activated(input, activation, 1);
      return fraction(total(p.sub(target).abs()), total(p.minimum(target)).add(smooth));
    }
    const { hits, falsePositives, falseNegatives } = overlaps(input, target, activation, 1, total);
    return fraction(falsePositives.add(falseNegatives), hits.add(smooth));
  },
});
