import * as z from 'zod';
import { constant, where } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { float, sign } from '../../loss/inputs.ts';

/**
 * A distance should be small for similar pairs and beyond a margin for others.
 *
 * `x for t = 1, max(0, margin − x) for t = −1`
 *
 * - `input`: float, shape (...)
 * - `target`: −1 or 1, shape (...)
 *
 * Options: `margin` (a number, default 1), `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/hingeEmbedding.md
 */
export const hingeEmbedding = defineLoss({
  id: 'hingeEmbedding',
  family: 'embedding',
  about: {
    summary: 'A distance should be small for similar pairs and beyond a margin for others.',
    formula: 'x for t = 1, max(0, margin − x) for t = −1',
    use: 'Learning embeddings from pairs, given their distances.',
    conventions: ['A target that is neither 1 nor −1 gets both terms, as in torch.'],
    sources: ['torch 2.13 nn.functional.hinge_embedding_loss'],
    names: { torch: 'nn.HingeEmbeddingLoss' },
  },
  inputs: { input: float('...'), target: sign('...') },
  options: { margin: z.number().default(1) },
  formula({ input, target }, { margin }) {
    const apart = where(target.ne(1), constant(margin).sub(input).relu(), 0);
    return apart.add(where(target.ne(-1), input, 0));
  },
});
