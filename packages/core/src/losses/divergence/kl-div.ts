import * as z from 'zod';
import { where } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { float } from '../../loss/inputs.ts';

/**
 * The Kullback–Leibler divergence, element by element: how far `input` is from `target`.
 *
 * `t·(log t − log q), with log q = input, or log(input) without logInput`
 *
 * - `input`: float, shape (...)
 * - `target`: float, shape (...)
 *
 * Options: `logInput` (true or false, default true), `logTarget` (true or false, default false), `reduction` ("none",
 * "mean", "sum", "batchmean", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/klDiv.md
 */
export const klDiv = defineLoss({
  id: 'klDiv',
  family: 'divergence',
  about: {
    summary: 'The Kullback–Leibler divergence, element by element: how far `input` is from `target`.',
    formula: 't·(log t − log q), with log q = input, or log(input) without logInput',
    use: 'Matching distributions: distillation, variational autoencoders. `batchmean` is the divergence per example; `mean` divides by all elements.',
    conventions: [
      'Where t is 0 the term is 0 with gradient 0, also at log q = −∞, where torch gives NaN.',
      'Nothing is clipped; keras clips both sides at 1e−7.',
    ],
    sources: ['Kullback and Leibler 1951', 'torch 2.13 nn.functional.kl_div'],
    names: { torch: 'nn.KLDivLoss', keras: 'KLDivergence', optax: 'kl_divergence', scipy: 'special.rel_entr' },
  },
  inputs: { input: float('...'), target: float('...') },
  options: { logInput: z.boolean().default(true), logTarget: z.boolean().default(false) },
  batchmean: true,
  formula({ input, target }, { logInput, logTarget }) {
    const probability = logTarget ? target.exp() : target;
    const absent = probability.eq(0);
    // What is absent is replaced before any logarithm, so that no 0·∞ arises in value or gradient.
    const [q, t] = [where(absent, 1, input), where(absent, 1, target)];
    const logRatio = logTarget ? t.sub(logInput ? q : q.log()) : logInput ? t.log().sub(q) : t.log().sub(q.log());
    return where(absent, 0, probability.mul(logRatio));
  },
});
