import { constant, type Expr, isOp, make, rebuild, simplify, where } from '@isoloss/core';

/** What is made of the logits of a line: e = exp(x − max), and with total = 1 + rest the logarithms and what has e in it. */
interface Line {
  readonly axis: number;
  readonly logShares: Expr;
  readonly share: Scaled;
  readonly complement: Scaled;
}

/** full·scale + offset, where scale and offset are one for each line. */
interface Scaled {
  readonly full: Expr;
  readonly scale: Expr;
  readonly offset?: Expr;
}

const largestFinite = 3.4028234663852886e38;
/** More than any sum of shares, and a number of which the inverse is not 0 in any runtime. */
const many = 1e30;

function lineOf(x: Expr, axis: number): Line {
  // Finite also for an infinite maximum, so that no ∞ − ∞ arises: log p is as in core's body, and p is 0 beside +∞.
  const shift = x.max(axis, true).minimum(largestFinite).maximum(-largestFinite);
  const shifted = x.sub(shift);
  const isMax = x.eq(shift);
  const e = shifted.exp();
  const rest = where(isMax, 0, e).sum(axis, true).add(isMax.toFloat().sum(axis, true).sub(1));
  const total = rest.add(1);
  const scale = constant(1).div(total);
  return {
    axis,
    logShares: shifted.sub(rest.log1p()),
    share: { full: e, scale },
    complement: { full: constant(1).sub(e), scale, offset: rest.minimum(many).div(total.minimum(many)) },
  };
}

const together = ({ full, scale, offset }: Scaled): Expr =>
  offset === undefined ? full.mul(scale) : full.mul(scale).add(offset);

/**
 * Opens log softmax so that what the gradient makes of it costs little: p = exp(log p) is e/total, and 1 − p = −expm1(log p) is
 * (1 − e)/total + rest/total. Nothing of that cancels, and where a logit is +∞, so that the rest is ∞, 1 − p is 1 for the
 * others. `exp` once more, and `expm1`, would be the dearest kernels of a cross entropy.
 */
export function openSoftmax(outputs: readonly Expr[]): Expr[] {
  const lines = new Map<Expr, Line>();
  const known = new Map<Expr, Scaled & { axis: number }>();
  const remembered = (scaled: Scaled, axis: number): Expr => {
    const value = together(scaled);
    known.set(value, { ...scaled, axis });
    return value;
  };
  const opened = rebuild(outputs, (node, inputs) => {
    if (isOp(node, 'logSoftmax')) {
      const line = lineOf(inputs[0]!, node.attributes.axis);
      lines.set(node, line);
      return line.logShares;
    }
    const line = lines.get(node.inputs[0]!);
    if (line !== undefined && node.op === 'exp') return remembered(line.share, line.axis);
    if (line !== undefined && node.op === 'expm1') return remembered(line.complement, line.axis).neg();
    if (node.op === 'neg' && inputs[0]!.op === 'neg') return inputs[0]!.inputs[0]!;
    if (node.op === 'mul')
      for (const [x, factor] of [inputs, inputs.toReversed()]) {
        // One factor a line is multiplied with the line's own.
        const scaled = known.get(x!);
        if (scaled === undefined || factor!.rank !== node.rank || factor!.shape[scaled.axis] !== 1) continue;
        const { full, scale, offset } = scaled;
        return together({ full, scale: scale.mul(factor!), ...(offset ? { offset: offset.mul(factor!) } : {}) });
      }
    return make(node.op, inputs, node.attributes as never) as Expr;
  });
  return lines.size === 0 ? [...outputs] : simplify(opened);
}
