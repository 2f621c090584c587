import * as z from 'zod';
import { defineLoss } from '../../loss/define.ts';
import { float } from '../../loss/inputs.ts';
import { advantage } from '../../shared/preference.ts';

/**
 * Direct preference optimisation: the chosen answer should gain more log-probability than the rejected.
 *
 * `−log σ(beta·d), d = (chosen − referenceChosen) − (rejected − referenceRejected)`
 *
 * - `chosen`: float, shape (N)
 * - `rejected`: float, shape (N)
 * - `referenceChosen`: float, shape (N)
 * - `referenceRejected`: float, shape (N)
 *
 * Options: `beta` (a number > 0, default 0.1), `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/dpo.md
 */
export const dpo = defineLoss({
  id: 'dpo',
  family: 'preference',
  about: {
    summary: 'Direct preference optimisation: the chosen answer should gain more log-probability than the rejected.',
    formula: '−log σ(beta·d), d = (chosen − referenceChosen) − (rejected − referenceRejected)',
    use: 'Fine-tuning language models on preferences: inputs are log-probabilities of whole answers.',
    sources: ['Rafailov et al. 2023, DPO', 'TRL DPOTrainer'],
    names: { trl: 'DPOTrainer(loss_type="sigmoid")' },
  },
  inputs: { chosen: float('N'), rejected: float('N'), referenceChosen: float('N'), referenceRejected: float('N') },
  options: { beta: z.number().positive().default(0.1) },
  formula: (inputs, { beta }) => advantage(inputs).mul(-beta).softplus(),
});
