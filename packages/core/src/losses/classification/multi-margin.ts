import * as z from 'zod';
import { where } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { float, index, optional } from '../../loss/inputs.ts';
import { isClass, lookup } from '../../shared/labels.ts';

/**
 * Every wrong score should stay below the right one by a margin.
 *
 * `Σ_{i≠y} w_y·max(0, margin − x_y + x_i)^p / C`
 *
 * - `input`: float, shape (N, C) or (C)
 * - `target`: int32 labels, shape (N) or ()
 * - `weight` (optional): float, shape (C)
 *
 * Options: `p` (a number, default 1), `margin` (a number, default 1), `reduction` ("none", "mean", "sum", "partial",
 * default "mean").
 *
 * When to use it, conventions, sources: docs/losses/multiMargin.md
 */
export const multiMargin = defineLoss({
  id: 'multiMargin',
  family: 'classification',
  about: {
    summary: 'Every wrong score should stay below the right one by a margin.',
    formula: 'Σ_{i≠y} w_y·max(0, margin − x_y + x_i)^p / C',
    use: 'Multi-class classification by margin.',
    conventions: ['The mean over an empty batch is NaN; torch returns uninitialised memory.'],
    sources: ['torch 2.13 nn.functional.multi_margin_loss'],
    names: { torch: 'nn.MultiMarginLoss' },
  },
  inputs: { input: float('N C | C'), target: index('N | ', { below: 'C' }), weight: optional(float('C')) },
  options: { p: z.union([z.literal(1), z.literal(2)]).default(1), margin: z.number().default(1) },
  formula({ input, target, weight }, { p, margin }) {
    const relative = input.sub(input.gather(target.expandDims(-1), input.rank - 1));
    const violation = where(isClass(target, input, input.rank - 1), 0, relative.add(margin).relu().pow(p));
    const values = violation.mean(-1);
    return weight === undefined ? values : values.mul(lookup(weight, target));
  },
});
