import { where } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { float, logProbability } from '../../loss/inputs.ts';

/**
 * The Kullback–Leibler divergence of measures that need not sum to 1.
 *
 * `Σ_c t_c·(log t_c − x_c) + exp(x_c) − t_c`
 *
 * - `input`: log-probabilities, shape (..., C)
 * - `target`: float, shape (..., C)
 *
 * Options: `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/generalizedKl.md
 */
export const generalizedKl = defineLoss({
  id: 'generalizedKl',
  family: 'divergence',
  about: {
    summary: 'The Kullback–Leibler divergence of measures that need not sum to 1.',
    formula: 'Σ_c t_c·(log t_c − x_c) + exp(x_c) − t_c',
    use: 'Non-negative matrix factorisation; unnormalised distributions.',
    sources: ['optax 0.2 generalized_kl_divergence'],
    names: { optax: 'generalized_kl_divergence', scipy: 'special.kl_div' },
  },
  inputs: { input: logProbability('... C'), target: float('... C') },
  formula({ input, target }) {
    const absent = target.eq(0);
    const ratio = where(
      absent,
      0,
      where(absent, 1, target)
        .log()
        .sub(where(absent, 0, input)),
    );
    // Near t = exp(x) the terms cancel: there they are t·(exp(−r) − 1 + r) of r = log t − x.
    const near = ratio.abs().lt(0.55).and(absent.not());
    const small = where(near, ratio, 0);
    const close = target.mul(small.neg().expExcess());
    const far = where(
      near,
      0,
      where(absent, 0, target.mul(ratio))
        .sub(target)
        .add(where(near, 0, input).exp()),
    );
    return where(near, close, far).sum(-1);
  },
});
