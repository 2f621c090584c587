import * as z from 'zod';
import { complement, type Expr, where } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { float, index } from '../../loss/inputs.ts';
import { classAxis } from '../../loss/options.ts';
import { classAxisOf } from '../../loss/shapes.ts';
import { oddsAgainst } from '../../shared/labels.ts';

/**
 * Between cross entropy (q → 0) and the absolute error (q = 1): robust to wrong labels.
 *
 * `(1 − p_y^q)/q`
 *
 * - `input`: float, shape (..., C) with the classes at classAxis
 * - `target`: int32 labels, shape (...)
 *
 * Options: `q` (a number > 0 and <= 1, default 0.5), `fromLogits` (true or false, default false), `classAxis` (an
 * integer, default 1), `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/generalizedCrossEntropy.md
 */
export const generalizedCrossEntropy = defineLoss({
  id: 'generalizedCrossEntropy',
  family: 'classification',
  about: {
    summary: 'Between cross entropy (q → 0) and the absolute error (q = 1): robust to wrong labels.',
    formula: '(1 − p_y^q)/q',
    use: 'Classification with noisy labels.',
    conventions: [
      'Takes probabilities, as keras does; fromLogits takes logits.',
      'At p = 0 the value is 1/q, with an infinite slope for q < 1.',
    ],
    sources: ['Zhang and Sabuncu 2018', 'keras 3.15 CategoricalGeneralizedCrossEntropy'],
    names: { keras: 'CategoricalGeneralizedCrossEntropy' },
  },
  inputs: { input: float('... @C'), target: index('...', { below: 'C' }) },
  options: { q: z.number().gt(0).max(1).default(0.5), fromLogits: z.boolean().default(false), classAxis: classAxis() },
  formula({ input, target }, { q, fromLogits, classAxis }) {
    const axis = classAxisOf({ classAxis }, input.rank);
    const loss = (logP: Expr) => logP.mul(q).expm1().div(-q);
    if (fromLogits) return loss(oddsAgainst(input, target, axis).softplus().neg());
    const p = input.pick(target, axis);
    const impossible = p.eq(0);
    return where(impossible, complement(p.pow(q)).div(q), loss(where(impossible, 1, p).log()));
  },
});
