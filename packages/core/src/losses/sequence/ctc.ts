import * as z from 'zod';
import { mulDims } from '../../graph/dim.ts';
import { concat, constant, type Expr, iota, logAddExp, stack, where } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { index, length, logProbability, mask as maskInput } from '../../loss/inputs.ts';
import { scan } from '../../ops/scan.ts';

/**
 * Connectionist temporal classification: the negative log-likelihood of a label sequence, summed over all alignments.
 *
 * `−log Σ over alignments π of the targets of Π_t p_t(π_t)`
 *
 * - `logProbs`: log-probabilities, shape (T, N, C) or (T, C)
 * - `targets`: int32 labels, shape (N, S) or (S)
 * - `inputLengths`: int32 lengths, shape (N) or ()
 * - `targetLengths`: int32 lengths, shape (N) or ()
 * - `mask` (optional): bool, shape (N) or (), broadcast
 *
 * Options: `blank` (an integer >= 0, default 0), `zeroInfinity` (true or false, default false), `logits` (true or
 * false, default false), `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/ctc.md
 */
export const ctc = defineLoss({
  id: 'ctc',
  family: 'sequence',
  about: {
    summary:
      'Connectionist temporal classification: the negative log-likelihood of a label sequence, summed over all alignments.',
    formula: '−log Σ over alignments π of the targets of Π_t p_t(π_t)',
    use: 'Speech recognition, handwriting, text in images (OCR) and other sequences whose alignment is not known.',
    conventions: [
      'The mean divides each loss by its target length (at least 1), then averages over the batch, as in torch.',
      'The gradient is the true derivative with respect to `logProbs`, −posterior. torch returns exp(logProbs) − posterior, which is the same only after a log-softmax: use `logits: true` to have that here.',
      'A target that fits no alignment has value ∞ and gradient 0 (0 and 0 with zeroInfinity); torch’s gradient is NaN.',
      'Padding, in time or in targets, is never read. Labels and lengths are checked; torch reads foreign memory for a label out of range.',
    ],
    sources: ['Graves et al. 2006, Connectionist Temporal Classification', 'torch 2.13 nn.functional.ctc_loss'],
    names: { torch: 'nn.CTCLoss', keras: 'CTC', optax: 'ctc_loss' },
  },
  inputs: {
    logProbs: logProbability('T N C | T C'),
    targets: index('N S | S', { below: 'C', lengths: 'targetLengths' }),
    inputLengths: length('N | ', { atMost: 'T' }),
    targetLengths: length('N | ', { atMost: 'S' }),
    mask: maskInput('N | '),
  },
  options: {
    blank: z.int().nonnegative().default(0),
    zeroInfinity: z.boolean().default(false),
    logits: z.boolean().default(false),
  },
  precondition({ blank }, { sizes }) {
    const classes = sizes.get('C')!;
    return blank < classes ? undefined : `blank ${blank} is not in [0, ${classes})`;
  },
  formula(inputs, { blank, zeroInfinity, logits }) {
    const single = inputs.logProbs.rank === 2;
    const batched = (x: Expr, axis: number) => (single ? x.expandDims(axis) : x);
    const targets = batched(inputs.targets, 0);
    const targetLengths = batched(inputs.targetLengths, 0);
    const active = iota('T')
      .reshape(['T', 1, 1])
      .lt(batched(inputs.inputLengths, 0).reshape([1, targets.shape[0]!, 1]));
    const frames = where(active, batched(inputs.logProbs, 1), 0);
    const logProbs = logits ? frames.logSoftmax(-1) : frames;

    const states = interleave(targets, targetLengths, blank);
    const L = states.shape[1]!;
    const [T, N] = [logProbs.shape[0]!, targets.shape[0]!];
    const blanks = (width: number) => constant(blank, 'int').broadcastTo([N, width]);
    // A state may be entered from two before it unless it is a blank or repeats that label.
    const skips = states.ne(shift(states, blanks(2)));
    const emissions = logProbs.gather(states.reshape([1, N, L]).broadcastTo([T, N, L]), 2);

    const never = (width: number) => constant(-Infinity).broadcastTo([N, width]);
    // Before the first frame all mass is on the first blank; from there the first step reaches states 0 and 1 only.
    const start = where(iota(L).eq(0), 0, constant(-Infinity)).reshape([1, L]).broadcastTo([N, L]);
    // Each step takes off the largest logarithm and keeps count of what it took, so that rounding stays that of one step's
    // numbers. What is taken off is a constant in the gradient: the loss does not depend on it.
    const taken = constant(0).broadcastTo([N, 1]);
    const { carries } = scan(
      { init: [start, taken], sequences: [emissions, active], invariants: [skips] },
      ([alpha, sum], [emission, isActive], [canSkip]) => {
        const paths = logAddExp(alpha!, shift(alpha!, never(1)), where(canSkip!, shift(alpha!, never(2)), -Infinity));
        const next = paths.add(emission!);
        const largest = next.max(1, true).asShift();
        const shiftBy = where(largest.isFinite(), largest, 0);
        return { carries: [where(isActive!, next.sub(shiftBy), alpha!), where(isActive!, sum!.add(shiftBy), sum!)] };
      },
    );

    const last = targetLengths.mul(2);
    const endInBlank = carries[0]!.pick(last, 1);
    const endInLabel = where(last.gt(0), carries[0]!.pick(last.sub(1).maximum(0), 1), -Infinity);
    const nll = logAddExp(endInBlank, endInLabel).add(carries[1]!.squeeze(1)).neg();
    const values = zeroInfinity ? where(nll.eq(Infinity), 0, nll) : nll;
    const contributions = values.div(targetLengths.maximum(1).toFloat());
    return single ? { values: values.squeeze(0), contributions: contributions.squeeze(0) } : { values, contributions };
  },
});

/** blank, y₁, blank, y₂, …, blank; labels beyond a target's length are not read. */
function interleave(targets: Expr, lengths: Expr, blank: number): Expr {
  const [N, S] = targets.shape;
  const filler = constant(blank, 'int');
  const labels = where(iota(S!).reshape([1, S!]).lt(lengths.expandDims(1)), targets, filler);
  const pairs = stack([filler.broadcastTo([N!, S!]), labels], 2).reshape([N!, mulDims(2, S!)]);
  return concat([pairs, filler.broadcastTo([N!, 1])], 1);
}

/** Moves entries along the last axis, filling from `before`. */
const shift = (x: Expr, before: Expr): Expr => concat([before, x], 1).slice(1, 0, x.shape[1]!);
