import * as z from 'zod';
import { iota } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { float } from '../../loss/inputs.ts';
import { cosineMatrix } from '../../shared/distances.ts';
import { softmaxCrossEntropy } from '../../shared/labels.ts';

/**
 * Each anchor should pick its own positive out of the batch.
 *
 * `−log softmax(cos(a_i, p_·)/temperature)_i`
 *
 * - `anchor`: float, shape (N, D)
 * - `positive`: float, shape (N, D)
 *
 * Options: `temperature` (a number > 0, default 0.07), `reduction` ("none", "mean", "sum", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/infoNce.md
 */
export const infoNce = defineLoss({
  id: 'infoNce',
  family: 'embedding',
  about: {
    summary: 'Each anchor should pick its own positive out of the batch.',
    formula: '−log softmax(cos(a_i, p_·)/temperature)_i',
    use: 'Self-supervised and contrastive learning; training retrieval with the other examples of the batch as negatives.',
    conventions: ['Normalised inside; negatives are the other positives of the batch.'],
    sources: ['van den Oord et al. 2018, CPC'],
  },
  inputs: { anchor: float('N D'), positive: float('N D') },
  options: { temperature: z.number().positive().default(0.07) },
  separable: false,
  formula({ anchor, positive }, { temperature }) {
    const logits = cosineMatrix(anchor, positive).div(temperature);
    return softmaxCrossEntropy(logits, iota(anchor.shape[0]!));
  },
});
