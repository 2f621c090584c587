import * as z from 'zod';
import { where } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { float, index } from '../../loss/inputs.ts';
import { cosineMatrix } from '../../shared/distances.ts';
import { isLabel } from '../../shared/labels.ts';

/**
 * Prototypes as anchors: each draws its class’s embeddings and pushes the others.
 *
 * `mean over prototypes with positives of log(1 + Σ exp(−alpha·(s − margin))) + mean over all of log(1 + Σ
 * exp(alpha·(s + margin)))`
 *
 * - `input`: float, shape (N, D)
 * - `prototypes`: float, shape (K, D)
 * - `target`: int32 labels, shape (N)
 *
 * Options: `margin` (a number, default 0.1), `alpha` (a number > 0, default 32), `reduction` ("none", "mean", "sum",
 * default "mean").
 *
 * When to use it, conventions, sources: docs/losses/proxyAnchor.md
 */
export const proxyAnchor = defineLoss({
  id: 'proxyAnchor',
  family: 'embedding',
  about: {
    summary: 'Prototypes as anchors: each draws its class’s embeddings and pushes the others.',
    formula:
      'mean over prototypes with positives of log(1 + Σ exp(−alpha·(s − margin))) + mean over all of log(1 + Σ exp(alpha·(s + margin)))',
    use: 'Metric learning and image retrieval by class prototypes: no pairs or triplets to choose.',
    conventions: ['Normalised inside. Without prototypes that have positives, the first mean is 0.'],
    sources: ['Kim et al. 2020, Proxy Anchor Loss', 'pytorch-metric-learning 2.9 ProxyAnchorLoss'],
    names: { 'pytorch-metric-learning': 'ProxyAnchorLoss' },
  },
  inputs: { input: float('N D'), prototypes: float('K D'), target: index('N', { below: 'K' }) },
  options: { margin: z.number().default(0.1), alpha: z.number().positive().default(32) },
  separable: false,
  formula({ input, prototypes, target }, { margin, alpha }) {
    const s = cosineMatrix(input, prototypes);
    const own = isLabel(target, s);
    const pull = where(own, s.sub(margin).mul(-alpha), -Infinity).logSumExp(0).softplus();
    const push = where(own, -Infinity, s.add(margin).mul(alpha)).logSumExp(0).softplus();
    const present = own.any(0).toFloat().sum().maximum(1);
    return pull.sum().div(present).add(push.mean());
  },
});
