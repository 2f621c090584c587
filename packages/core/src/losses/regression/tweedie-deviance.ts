import * as z from 'zod';
import { halfDeviance } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { regressionInputs } from '../../loss/inputs.ts';

/**
 * The unit deviance of a Tweedie distribution: normal (0), Poisson (1), gamma (2), and what lies between.
 *
 * `2·(max(y,0)^(2−p)/((1−p)(2−p)) − y·x^(1−p)/(1−p) + x^(2−p)/(2−p)), with its limits at p = 0, 1, 2`
 *
 * - `input`: float, shape (...)
 * - `target`: float, shape (...)
 * - `weight` (optional): float, shape (...), broadcast
 * - `mask` (optional): bool, shape (...), broadcast
 *
 * Options: `power` (a number, default 0), `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/tweedieDeviance.md
 */
export const tweedieDeviance = defineLoss({
  id: 'tweedieDeviance',
  family: 'regression',
  about: {
    summary: 'The unit deviance of a Tweedie distribution: normal (0), Poisson (1), gamma (2), and what lies between.',
    formula: '2·(max(y,0)^(2−p)/((1−p)(2−p)) − y·x^(1−p)/(1−p) + x^(2−p)/(2−p)), with its limits at p = 0, 1, 2',
    use: 'Insurance claims and other data of zeros and positive amounts (1 < power < 2).',
    conventions: [
      'Nothing is checked: powers from 1 on want a positive input, and a positive target from 2 on (1 <= power < 2 allows 0).',
      'At a target of 0 its gradient leaves out the power of the target, whose slope is infinite.',
    ],
    sources: ['Jørgensen 1987', 'scikit-learn 1.9 mean_tweedie_deviance'],
    names: { sklearn: 'mean_tweedie_deviance', torchmetrics: 'TweedieDevianceScore' },
  },
  inputs: regressionInputs,
  options: {
    power: z
      .number()
      .refine((p) => p <= 0 || p >= 1)
      .default(0),
  },
  formula: ({ input: x, target: y }, { power }) => (power === 0 ? y.sub(x).square() : halfDeviance(x, y, power).mul(2)),
});
