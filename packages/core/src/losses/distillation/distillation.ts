import * as z from 'zod';
import { softmaxDivergence } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { float } from '../../loss/inputs.ts';
import { classAxis } from '../../loss/options.ts';
import { classAxisOf } from '../../loss/shapes.ts';

/**
 * The student’s softened probabilities should match the teacher’s.
 *
 * `T²·Σ_c q_c·(log q_c − log p_c), p = softmax(input/T), q = softmax(target/T)`
 *
 * - `input`: float, shape (..., C) with the classes at classAxis
 * - `target`: float, shape (..., C) with the classes at classAxis
 *
 * Options: `temperature` (a number > 0, default 4), `classAxis` (an integer, default 1), `reduction` ("none", "mean",
 * "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/distillation.md
 */
export const distillation = defineLoss({
  id: 'distillation',
  family: 'distillation',
  about: {
    summary: 'The student’s softened probabilities should match the teacher’s.',
    formula: 'T²·Σ_c q_c·(log q_c − log p_c), p = softmax(input/T), q = softmax(target/T)',
    use: 'Knowledge distillation from logits; add crossEntropy with `combine`.',
    sources: ['Hinton, Vinyals and Dean 2015', 'RepDistiller KL'],
  },
  inputs: { input: float('... @C'), target: float('... @C') },
  options: { temperature: z.number().positive().default(4), classAxis: classAxis() },
  formula({ input, target }, { temperature, classAxis }) {
    const axis = classAxisOf({ classAxis }, input.rank);
    const [student, teacher] = [input.div(temperature), target.div(temperature)];
    return softmaxDivergence(teacher, student, axis)
      .squeeze(axis)
      .mul(temperature * temperature);
  },
});
