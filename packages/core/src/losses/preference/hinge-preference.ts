import * as z from 'zod';
import { complement } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { float } from '../../loss/inputs.ts';
import { advantage } from '../../shared/preference.ts';

/**
 * Preference optimisation by hinge (SLiC).
 *
 * `max(0, 1 − beta·d)`
 *
 * - `chosen`: float, shape (N)
 * - `rejected`: float, shape (N)
 * - `referenceChosen`: float, shape (N)
 * - `referenceRejected`: float, shape (N)
 *
 * Options: `beta` (a number > 0, default 0.1), `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/hingePreference.md
 */
export const hingePreference = defineLoss({
  id: 'hingePreference',
  family: 'preference',
  about: {
    summary: 'Preference optimisation by hinge (SLiC).',
    formula: 'max(0, 1 − beta·d)',
    use: 'Fine-tuning language models on preferences: inputs are log-probabilities of whole answers.',
    sources: ['Zhao et al. 2023, SLiC-HF', 'TRL DPOTrainer'],
    names: { trl: 'DPOTrainer(loss_type="hinge")' },
  },
  inputs: { chosen: float('N'), rejected: float('N'), referenceChosen: float('N'), referenceRejected: float('N') },
  options: { beta: z.number().positive().default(0.1) },
  formula: (inputs, { beta }) => complement(advantage(inputs).mul(beta)).relu(),
});
