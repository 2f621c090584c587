import * as z from 'zod';
import { constant, type Expr, where } from '../../graph/expr.ts';
import { defineLoss, makeLoss } from '../../loss/define.ts';
import { float, index } from '../../loss/inputs.ts';
import { normalize } from '../../shared/distances.ts';
import { arcFace } from './arc-face.ts';
import { cosFace } from './cos-face.ts';
import { normFace } from './norm-face.ts';

/**
 * A margin softmax plus the discrepancy of embeddings from their prototypes, less a common displacement.
 *
 * `base + lambda·mean_i ‖ε_i − ξ‖, ε_i = x̂_i − ŵ_{y_i}, ξ = displacement, no longer than radius`
 *
 * - `input`: float, shape (N, D)
 * - `prototypes`: float, shape (K, D)
 * - `target`: int32 labels, shape (N)
 * - `displacement`: float, shape (D)
 *
 * Options: `base` ("arcFace", "cosFace", "normFace", default "arcFace"), `baseOptions` (an object, default {}),
 * `lambda` (a number >= 0, default 0.5), `radius` (a number > 0, default 0.05), `reduction` ("none", "mean", "sum",
 * "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/discFace.md
 */
export const discFace = defineLoss({
  id: 'discFace',
  family: 'embedding',
  about: {
    summary: 'A margin softmax plus the discrepancy of embeddings from their prototypes, less a common displacement.',
    formula: 'base + lambda·mean_i ‖ε_i − ξ‖, ε_i = x̂_i − ŵ_{y_i}, ξ = displacement, no longer than radius',
    use: 'Face recognition with few images an identity.',
    conventions: [
      'A margin softmax by `base` and its `baseOptions`. The discrepancy is a norm for each row, where the only code around takes one over the batch.',
      'Derived from the paper; there is no official code. The displacement is an input with a gradient, to be trained beside the model.',
    ],
    sources: ['Kim et al. 2020, DiscFace'],
  },
  inputs: {
    input: float('N D'),
    prototypes: float('K D'),
    target: index('N', { below: 'K' }),
    displacement: float('D'),
  },
  options: {
    base: z.enum(['arcFace', 'cosFace', 'normFace']).default('arcFace'),
    baseOptions: z.record(z.string(), z.unknown()).default({}),
    lambda: z.number().nonnegative().default(0.5),
    radius: z.number().positive().default(0.05),
  },
  formula({ input, prototypes, target, displacement }, { base, baseOptions, lambda, radius }) {
    const classification = bases[base](input, prototypes, target, baseOptions);
    const length = displacement.norm(0, 2, true);
    const bounded = displacement.mul(
      where(length.gt(radius), constant(radius).div(where(length.gt(radius), length, 1)), 1),
    );
    const epsilon = normalize(input).sub(normalize(prototypes).rows(target));
    return classification.add(epsilon.sub(bounded).norm(-1).mul(lambda));
  },
});

/** The unreduced base loss, from its own definition. */
const bases = Object.fromEntries(
  [arcFace, cosFace, normFace].map(({ id, definition }) => [
    id,
    (input: Expr, prototypes: Expr, target: Expr, options: Readonly<Record<string, unknown>>) =>
      definition.formula({ input, prototypes, target }, makeLoss(definition, options).options, false).values,
  ]),
) as Record<
  'arcFace' | 'cosFace' | 'normFace',
  (input: Expr, prototypes: Expr, target: Expr, options: Readonly<Record<string, unknown>>) => Expr
>;
