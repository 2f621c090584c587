import { constant, iota, size, where } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { float, index } from '../../loss/inputs.ts';

/**
 * Every right score should exceed every wrong one by 1.
 *
 * `Σ_{j in targets} Σ_{i not in targets} max(0, 1 − x_j + x_i) / C`
 *
 * - `input`: float, shape (N, C) or (C)
 * - `target`: int32 labels, shape (N, C) or (C)
 *
 * Options: `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/multilabelMargin.md
 */
export const multilabelMargin = defineLoss({
  id: 'multilabelMargin',
  family: 'classification',
  about: {
    summary: 'Every right score should exceed every wrong one by 1.',
    formula: 'Σ_{j in targets} Σ_{i not in targets} max(0, 1 − x_j + x_i) / C',
    use: 'Multi-label classification by margin.',
    conventions: [
      'The list of targets ends at the first −1; what follows is ignored, but checked.',
      'A target listed twice counts twice, as in torch.',
    ],
    sources: ['torch 2.13 nn.functional.multilabel_margin_loss'],
    names: { torch: 'nn.MultiLabelMarginLoss' },
  },
  inputs: { input: float('N C | C'), target: index('N C | C', { below: 'C', allow: -1 }) },
  formula({ input, target }) {
    const ended = target.eq(-1).toFloat().cumsum(-1).gt(0);
    const labels = where(ended, constant(0, 'int'), target);
    // Axis −2 is the list of targets, axis −1 the classes.
    const named = ended
      .not()
      .expandDims(-1)
      .and(labels.expandDims(-1).eq(iota('C')));
    const isTarget = named.any(-2, true);
    const scores = input.gather(labels, input.rank - 1).expandDims(-1);
    const gaps = input.expandDims(-2).sub(scores).add(1).relu();
    return where(ended.expandDims(-1).or(isTarget), 0, gaps).sum([-2, -1]).div(size('C').toFloat());
  },
});
