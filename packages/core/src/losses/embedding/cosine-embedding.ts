import * as z from 'zod';
import { constant, where } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { float, sign } from '../../loss/inputs.ts';

/** torch’s, added to squared lengths. */
const eps = 1e-12;

/**
 * The cosine of similar pairs should be 1, of others below a margin.
 *
 * `1 − cos for t = 1, max(0, cos − margin) for t = −1`
 *
 * - `input1`: float, shape (N, D) or (D)
 * - `input2`: float, shape (N, D) or (D)
 * - `target`: −1 or 1, shape (N) or ()
 *
 * Options: `margin` (a number >= -1 and <= 1, default 0), `reduction` ("none", "mean", "sum", "partial", default
 * "mean").
 *
 * When to use it, conventions, sources: docs/losses/cosineEmbedding.md
 */
export const cosineEmbedding = defineLoss({
  id: 'cosineEmbedding',
  family: 'embedding',
  about: {
    summary: 'The cosine of similar pairs should be 1, of others below a margin.',
    formula: '1 − cos for t = 1, max(0, cos − margin) for t = −1',
    use: 'Learning embeddings from pairs, by angle: similarity of sentences or images.',
    conventions: [
      '1e−12 is added to the squared lengths, as in torch, so that short vectors look dissimilar.',
      'A target that is neither 1 nor −1 gives 0, as in torch.',
    ],
    sources: ['torch 2.13 nn.functional.cosine_embedding_loss'],
    names: { torch: 'nn.CosineEmbeddingLoss' },
  },
  inputs: { input1: float('N D | D'), input2: float('N D | D'), target: sign('N | ') },
  options: { margin: z.number().min(-1).max(1).default(0) },
  formula({ input1, input2, target }, { margin }) {
    // Each row over √(⟨x, x⟩ + 1e−12): 1 − cos as half the squared difference and what eps adds keeps its digits near 0.
    const squares = (x: typeof input1) => x.square().sum(-1, true).add(eps);
    const [a, b] = [squares(input1), squares(input2)];
    const [u, v] = [input1.div(a.sqrt()), input2.div(b.sqrt())];
    const apart = u.sub(v).square().sum(-1);
    const dissimilarity = apart.add(constant(eps).div(a).add(constant(eps).div(b)).squeeze(-1)).mul(0.5);
    const violation = u.mul(v).sum(-1).sub(margin).relu();
    return where(target.eq(1), dissimilarity, where(target.eq(-1), violation, 0));
  },
});
