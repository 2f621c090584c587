import { logisticLoss } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { float, optional } from '../../loss/inputs.ts';

/**
 * Binary cross entropy of logits, averaged over the classes of an example.
 *
 * `mean_c w_c·(t_c·softplus(−x_c) + (1 − t_c)·softplus(x_c))`
 *
 * - `input`: float, shape (..., C)
 * - `target`: float, shape (..., C)
 * - `weight` (optional): float, shape (C)
 *
 * Options: `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/multilabelSoftMargin.md
 */
export const multilabelSoftMargin = defineLoss({
  id: 'multilabelSoftMargin',
  family: 'classification',
  about: {
    summary: 'Binary cross entropy of logits, averaged over the classes of an example.',
    formula: 'mean_c w_c·(t_c·softplus(−x_c) + (1 − t_c)·softplus(x_c))',
    use: 'Multi-label classification.',
    sources: ['torch 2.13 nn.functional.multilabel_soft_margin_loss'],
    names: { torch: 'nn.MultiLabelSoftMarginLoss' },
  },
  inputs: { input: float('... C'), target: float('... C'), weight: optional(float('C')) },
  formula({ input, target, weight }) {
    const terms = logisticLoss(input, target);
    return (weight === undefined ? terms : terms.mul(weight)).mean(-1);
  },
});
