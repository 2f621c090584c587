import * as z from 'zod';
import { mulDims } from '../../graph/dim.ts';
import { concat, constant, type Expr, size } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { float, optional } from '../../loss/inputs.ts';
import { normalize } from '../../shared/distances.ts';

/**
 * Contrastive representation distillation: noise-contrastive estimation of which student and teacher belong together.
 *
 * `−log(P⁺/(P⁺ + m·Pₙ + eps)) − Σ_k log(m·Pₙ/(P_k + m·Pₙ + eps)), P = exp(⟨a, b⟩/temperature)/normalizer, Pₙ =
 * 1/datasetSize, m = K`
 *
 * - `anchor`: float, shape (N, D)
 * - `positive`: float, shape (N, D)
 * - `negatives`: float, shape (N, K, D)
 * - `normalizer` (optional): float, shape ()
 *
 * Options: `temperature` (a number > 0, default 0.07), `datasetSize` (a number > 0, default null), `eps` (a number >=
 * 0, default 1e-7), `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/crd.md
 */
export const crd = defineLoss({
  id: 'crd',
  family: 'embedding',
  about: {
    summary:
      'Contrastive representation distillation: noise-contrastive estimation of which student and teacher belong together.',
    formula:
      '−log(P⁺/(P⁺ + m·Pₙ + eps)) − Σ_k log(m·Pₙ/(P_k + m·Pₙ + eps)), P = exp(⟨a, b⟩/temperature)/normalizer, Pₙ = 1/datasetSize, m = K',
    use: 'Distilling representations of a teacher into a student; `CrdMemory` keeps the memory banks.',
    conventions: [
      'Without `normalizer` the batch’s own mean times datasetSize is used, as a constant: RepDistiller fixes that of its first batch. `partial` needs it.',
      'Embeddings are normalised inside; the loss of both directions is the sum of two.',
    ],
    sources: ['Tian, Krishnan and Isola 2020, CRD', 'RepDistiller crd/criterion.py'],
  },
  inputs: { anchor: float('N D'), positive: float('N D'), negatives: float('N K D'), normalizer: optional(float('')) },
  options: {
    temperature: z.number().positive().default(0.07),
    datasetSize: z.number().positive(),
    eps: z.number().nonnegative().default(1e-7),
  },
  precondition: (options, { has }) =>
    'reduction' in options && options.reduction === 'partial' && !has('normalizer')
      ? '`partial` needs a normalizer: the batch’s own mean couples its examples'
      : undefined,
  formula({ anchor, positive, negatives, normalizer }, { temperature, datasetSize, eps }) {
    const a = normalize(anchor);
    const cosine = (other: Expr, own: Expr) => normalize(other).mul(own).sum(-1);
    const pairs = [cosine(positive, a).expandDims(1), cosine(negatives, a.expandDims(1))];
    const logits = concat(pairs, 1).div(temperature);
    const count = size(mulDims(logits.shape[0]!, logits.shape[1]!)).toFloat();
    const mean = logits.logSumExp(1).logSumExp(0).sub(count.log());
    const logTotal = normalizer?.log() ?? mean.add(Math.log(datasetSize)).stopGradient();
    const noise = size('K').toFloat().div(datasetSize);
    // The logarithm of P/(m·Pₙ + eps): P itself leaves the range for a low temperature.
    const odds = logits.sub(logTotal).sub(noise.add(eps).log());
    const right = odds.slice(1, 0, 1).squeeze(1).neg().softplus();
    const wrong = odds.slice(1, 1, logits.shape[1]!).softplus().add(constant(eps).div(noise).log1p());
    return right.add(wrong.sum(1));
  },
});
