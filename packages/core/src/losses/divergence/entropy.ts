import { defineLoss } from '../../loss/define.ts';
import { probability } from '../../loss/inputs.ts';

/**
 * The entropy of a distribution; as a loss, it makes distributions peaked.
 *
 * `−Σ_c p_c·log p_c`
 *
 * - `input`: probabilities, shape (..., C)
 *
 * Options: `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/entropy.md
 */
export const entropy = defineLoss({
  id: 'entropy',
  family: 'divergence',
  about: {
    summary: 'The entropy of a distribution; as a loss, it makes distributions peaked.',
    formula: '−Σ_c p_c·log p_c',
    use: 'Semi-supervised learning by entropy minimisation; with a negative weight, the confidence penalty.',
    sources: ['Shannon 1948', 'Pereyra et al. 2017 (confidence penalty)'],
    names: { scipy: 'stats.entropy' },
  },
  inputs: { input: probability('... C') },
  formula: ({ input }) => input.xlogy(input).sum(-1).neg(),
});
