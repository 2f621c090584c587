import { defineLoss } from '../../loss/define.ts';
import { float } from '../../loss/inputs.ts';

/**
 * An item that was taken should score higher than one that was not.
 *
 * `−log σ(s⁺ − s⁻)`
 *
 * - `positive`: float, shape (...)
 * - `negative`: float, shape (...)
 *
 * Options: `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/bpr.md
 */
export const bpr = defineLoss({
  id: 'bpr',
  family: 'ranking',
  about: {
    summary: 'An item that was taken should score higher than one that was not.',
    formula: '−log σ(s⁺ − s⁻)',
    use: 'Recommendation from implicit feedback, and other ranking from pairs: `positive` and `negative` are scores.',
    sources: ['Rendle et al. 2009'],
  },
  inputs: { positive: float('...'), negative: float('...') },
  formula: ({ positive, negative }) => negative.sub(positive).softplus(),
});
