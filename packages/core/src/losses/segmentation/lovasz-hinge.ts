import * as z from 'zod';
import { complement } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { binary, float } from '../../loss/inputs.ts';
import { lovasz, perRow } from '../../shared/lovasz.ts';
import { activated, softmaxNeedsClasses } from '../../shared/regions.ts';

/**
 * The convex surrogate of the Jaccard loss for binary segmentation.
 *
 * `Σ_k max(0, 1 − s·x)₍ₖ₎·ΔJ_k, errors sorted downwards`
 *
 * - `input`: float, shape (N, ...)
 * - `target`: 0 or 1, shape (N, ...)
 *
 * Options: `activation` ("none", "sigmoid", "softmax", default "none"), `per` ("sample", "batch", default "batch"),
 * `reduction` ("none", "mean", "sum", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/lovaszHinge.md
 */
export const lovaszHinge = defineLoss({
  id: 'lovaszHinge',
  family: 'segmentation',
  about: {
    summary: 'The convex surrogate of the Jaccard loss for binary segmentation.',
    formula: 'Σ_k max(0, 1 − s·x)₍ₖ₎·ΔJ_k, errors sorted downwards',
    use: 'Binary segmentation judged by its overlap (IoU), as fine-tuning after cross entropy.',
    conventions: [
      'Over the whole batch by default, as the authors’ code (per_image False).',
      'Equal errors keep their order; relu′(0) = 0.',
      'It takes logits: an activation is for models whose margins are meant on probabilities.',
    ],
    sources: ['Berman et al. 2018, The Lovász-Softmax Loss', 'segmentation-models-pytorch LovaszLoss'],
    names: { kornia: 'losses.LovaszHingeLoss', smp: 'LovaszLoss(binary)' },
  },
  inputs: { input: float('N ...'), target: binary('N ...') },
  options: {
    activation: z.enum(['none', 'sigmoid', 'softmax']).default('none'),
    per: z.enum(['sample', 'batch']).default('batch'),
  },
  separable: false,
  precondition: ({ activation }, { shapes }) => softmaxNeedsClasses(activation, shapes.input!, 2),
  formula({ input, target }, { activation, per }) {
    const flat = perRow(per);
    const [x, t] = [flat(activated(input, activation, 1)), flat(target)];
    const errors = complement(x.mul(t.mul(2).sub(1)));
    return lovasz(errors, t, (sorted) => sorted.relu());
  },
});
