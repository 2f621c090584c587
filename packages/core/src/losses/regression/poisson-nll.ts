import * as z from 'zod';
import { constant, type Expr, halfDeviance, where } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { float, mask } from '../../loss/inputs.ts';

/**
 * The negative log-likelihood of counts under a Poisson distribution.
 *
 * `eˣ − t·x with logInput, else x − t·log(x + eps); full adds Stirling’s t·log t − t + ½·log(2πt) where t > 1`
 *
 * - `input`: float, shape (...)
 * - `target`: float, shape (...)
 * - `mask` (optional): bool, shape (...), broadcast
 *
 * Options: `logInput` (true or false, default true), `full` (true or false, default false), `eps` (a number > 0,
 * default 1e-8), `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/poissonNll.md
 */
export const poissonNll = defineLoss({
  id: 'poissonNll',
  family: 'regression',
  about: {
    summary: 'The negative log-likelihood of counts under a Poisson distribution.',
    formula:
      'eˣ − t·x with logInput, else x − t·log(x + eps); full adds Stirling’s t·log t − t + ½·log(2πt) where t > 1',
    use: 'Count data: rates of events.',
    conventions: [
      'keras and tfjs take rates, not their logarithms, with eps 1e−7.',
      'Stirling’s term has gradient 0 where target <= 1; torch’s is NaN at 0.',
    ],
    sources: ['torch 2.13 nn.functional.poisson_nll_loss'],
    names: { torch: 'nn.PoissonNLLLoss', keras: 'Poisson' },
  },
  inputs: { input: float('...'), target: float('...'), mask: mask('...') },
  options: {
    logInput: z.boolean().default(true),
    full: z.boolean().default(false),
    eps: z.number().positive().default(1e-8),
  },
  formula({ input, target }, { logInput, full, eps }) {
    const values = logInput ? input.exp().sub(target.mul(input)) : input.sub(target.mul(input.add(eps).log()));
    if (!full) return values;
    const large = target.gt(1);
    const t = where(large, target, 1);
    // eˣ − t·x + t·log t − t as one: the parts cancel where the rate is near t, which is where the loss is wanted.
    const excess = logInput ? excessOfLog(input, t) : excessOfRate(input, t, eps);
    const spread = t
      .mul(2 * Math.PI)
      .log()
      .mul(0.5);
    return where(large, excess.add(spread), values);
  },
});

/** eˣ − t·x + t·log t − t, which near its minimum at x = log t is t·(eᵈ − 1 − d) with d = x − log t. */
function excessOfLog(x: Expr, t: Expr): Expr {
  const d = x.sub(t.log());
  const near = d.abs().lt(1);
  return where(near, t.mul(where(near, d, 0).expExcess()), x.exp().sub(t.mul(d.add(1))));
}

/** x − t·log(x + eps) + t·log t − t, whose minimum is near x = t. */
function excessOfRate(x: Expr, t: Expr, eps: number): Expr {
  const near = t.sub(x).abs().lt(x.mul(0.5));
  const rate = where(near, x, 1);
  const nearby = halfDeviance(rate, where(near, t, 1), 1).sub(t.mul(constant(eps).div(rate).log1p()));
  return where(near, nearby, x.sub(t.mul(x.add(eps).log().sub(t.log()).add(1))));
}
