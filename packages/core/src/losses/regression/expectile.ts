import * as z from 'zod';
import { where } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { regressionInputs } from '../../loss/inputs.ts';

/**
 * Squared error with unequal weight on either side: its minimum is the q-th expectile.
 *
 * `|q − 1[d < 0]|·d², with d = target − input`
 *
 * - `input`: float, shape (...)
 * - `target`: float, shape (...)
 * - `weight` (optional): float, shape (...), broadcast
 * - `mask` (optional): bool, shape (...), broadcast
 *
 * Options: `q` (a number > 0 and < 1, default 0.5), `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/expectile.md
 */
export const expectile = defineLoss({
  id: 'expectile',
  family: 'regression',
  about: {
    summary: 'Squared error with unequal weight on either side: its minimum is the q-th expectile.',
    formula: '|q − 1[d < 0]|·d², with d = target − input',
    use: 'Asymmetric regression; reinforcement learning by implicit Q-learning.',
    sources: ['Newey and Powell 1987', 'Kostrikov et al. 2022 (IQL)'],
  },
  inputs: regressionInputs,
  options: { q: z.number().gt(0).lt(1).default(0.5) },
  formula({ input, target }, { q }) {
    const short = target.sub(input);
    return short.square().mul(where(short.lt(0), 1 - q, q));
  },
});
