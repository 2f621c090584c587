import * as z from 'zod';
import { complement, constant } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { binary, float } from '../../loss/inputs.ts';

/**
 * Similar pairs are drawn together, others pushed beyond a margin.
 *
 * `½·(t·d² + (1 − t)·max(0, margin − d)²), d = ‖x₁ − x₂‖₂, t = 1 for similar`
 *
 * - `input1`: float, shape (N, D)
 * - `input2`: float, shape (N, D)
 * - `target`: 0 or 1, shape (N)
 *
 * Options: `margin` (a number >= 0, default 1), `squared` (true or false, default true), `half` (true or false,
 * default true), `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/contrastive.md
 */
export const contrastive = defineLoss({
  id: 'contrastive',
  family: 'embedding',
  about: {
    summary: 'Similar pairs are drawn together, others pushed beyond a margin.',
    formula: '½·(t·d² + (1 − t)·max(0, margin − d)²), d = ‖x₁ − x₂‖₂, t = 1 for similar',
    use: 'Metric learning from pairs: verification of faces or signatures, similarity search.',
    conventions: [
      'The paper writes Y = 0 for similar pairs; here, as in most libraries, 1 is similar.',
      'Without half: TFA’s; without squared: pytorch-metric-learning’s terms.',
    ],
    sources: ['Hadsell, Chopra and LeCun 2006'],
    names: { 'pytorch-metric-learning': 'ContrastiveLoss' },
  },
  inputs: { input1: float('N D'), input2: float('N D'), target: binary('N') },
  options: {
    margin: z.number().nonnegative().default(1),
    squared: z.boolean().default(true),
    half: z.boolean().default(true),
  },
  formula({ input1, input2, target }, { margin, squared, half }) {
    const distance = input1.sub(input2).norm(-1);
    const power = (x: typeof distance) => (squared ? x.square() : x);
    // The squared distance of similar pairs without its root, whose slope is lost at 0.
    const together = squared ? input1.sub(input2).square().sum(-1) : distance;
    const apart = power(constant(margin).sub(distance).relu());
    const values = target.mul(together).add(complement(target).mul(apart));
    return half ? values.mul(0.5) : values;
  },
});
