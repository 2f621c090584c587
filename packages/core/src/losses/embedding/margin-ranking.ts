import * as z from 'zod';
import { defineLoss } from '../../loss/define.ts';
import { float, mutual, sign } from '../../loss/inputs.ts';

/**
 * Of two scores, the one that should be higher should be, by a margin.
 *
 * `max(0, −t·(x₁ − x₂) + margin), t = ±1`
 *
 * - `input1`: float, shape (...)
 * - `input2`: float, shape (...)
 * - `target`: −1 or 1, shape (...)
 *
 * Options: `margin` (a number, default 0), `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/marginRanking.md
 */
export const marginRanking = defineLoss({
  id: 'marginRanking',
  family: 'embedding',
  about: {
    summary: 'Of two scores, the one that should be higher should be, by a margin.',
    formula: 'max(0, −t·(x₁ − x₂) + margin), t = ±1',
    use: 'Learning to rank from pairs of scores.',
    conventions: ['The inputs repeat against one another.', 'At the kink the gradient is 0; torch lets it flow there.'],
    sources: ['torch 2.13 nn.functional.margin_ranking_loss'],
    names: { torch: 'nn.MarginRankingLoss' },
  },
  inputs: { input1: mutual(float('...')), input2: mutual(float('...')), target: mutual(sign('...')) },
  options: { margin: z.number().default(0) },
  formula: ({ input1, input2, target }, { margin }) => target.neg().mul(input1.sub(input2)).add(margin).relu(),
});
