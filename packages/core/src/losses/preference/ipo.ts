import * as z from 'zod';
import { defineLoss } from '../../loss/define.ts';
import { float } from '../../loss/inputs.ts';
import { advantage } from '../../shared/preference.ts';

/**
 * Preference optimisation towards a margin, which does not run away.
 *
 * `(d − 1/(2·beta))²`
 *
 * - `chosen`: float, shape (N)
 * - `rejected`: float, shape (N)
 * - `referenceChosen`: float, shape (N)
 * - `referenceRejected`: float, shape (N)
 *
 * Options: `beta` (a number > 0, default 0.1), `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/ipo.md
 */
export const ipo = defineLoss({
  id: 'ipo',
  family: 'preference',
  about: {
    summary: 'Preference optimisation towards a margin, which does not run away.',
    formula: '(d − 1/(2·beta))²',
    use: 'Fine-tuning language models on preferences: inputs are log-probabilities of whole answers.',
    sources: ['Azar et al. 2023, IPO', 'TRL DPOTrainer'],
    names: { trl: 'DPOTrainer(loss_type="ipo")' },
  },
  inputs: { chosen: float('N'), rejected: float('N'), referenceChosen: float('N'), referenceRejected: float('N') },
  options: { beta: z.number().positive().default(0.1) },
  formula: (inputs, { beta }) => {
    // d − 1/(2·beta) with the option as it is: its reciprocal would be rounded.
    const scale = 2 * beta;
    return advantage(inputs).mul(scale).sub(1).div(scale).square();
  },
});
