import { constant, type Expr, iota, where } from '../graph/expr.ts';
import { isOp } from '../graph/graph.ts';
import type { Stable, StableRule } from './attributes.ts';
import { halfDeviance } from './deviance.ts';
import { unbroadcast } from './shape.ts';

/** The shift that keeps exp in range; 0 where the maximum is infinite, so that no ∞ − ∞ arises. */
const finiteOrZero = (m: Expr): Expr => where(m.isFinite(), m, 0);

/** exp(a − b) where b is the logarithm of a sum that contains exp(a): a share in [0, 1], and 0 where both are −∞. */
const share = (a: Expr, b: Expr): Expr => {
  const absent = a.eq(-Infinity);
  // Also inside: a second derivative would meet 0·exp(−∞ − −∞).
  return where(absent, 0, where(absent, 0, a.sub(b)).exp());
};

const sigmoid: StableRule<'sigmoid'> = {
  body: ([x]) => constant(1).div(x!.neg().exp().add(1)),
  // σ(x)·σ(−x): the textbook σ(1 − σ) cancels for large x.
  derivative: (g, node) => [g.mul((node as Expr).mul(node.inputs[0]!.neg().sigmoid()))],
};

const softplus: StableRule<'softplus'> = {
  body: ([x]) => x!.relu().add(x!.abs().neg().exp().log1p()),
  // Differentiating the body would take the kink of relu at 0.
  derivative: (g, { inputs: [x] }) => [g.mul(x!.sigmoid())],
};

const tanh: StableRule<'tanh'> = {
  // −sign(x)·expm1(−2|x|)/(2 + expm1(−2|x|)): no cancellation near 0, no overflow far out.
  body: ([x]) => {
    const t = x!.abs().mul(-2).expm1();
    return x!.sign().mul(t.neg().div(t.add(2)));
  },
  // 1 − tanh² = 4e^{−2|x|}/(1 + e^{−2|x|})²; the textbook form cancels for large x.
  derivative: (g, { inputs: [x] }) => {
    const decay = x!.abs().mul(-2).exp();
    return [g.mul(decay.mul(4).div(decay.add(1).square()))];
  },
};

const logCosh: StableRule<'logCosh'> = {
  // log1p(2·sinh²(x/2)) near 0, where |x| + log1p(e^{−2|x|}) − log 2 cancels; the latter far out, where sinh overflows.
  body: ([x]) => {
    const size = x!.abs();
    const near = size.le(1);
    const growth = where(near, size, 0).mul(0.5).expm1();
    const sinh = growth.add(growth.div(growth.add(1))).mul(0.5);
    return where(near, sinh.square().mul(2).log1p(), size.add(size.mul(-2).exp().log1p()).sub(Math.LN2));
  },
  derivative: (g, { inputs: [x] }) => [g.mul(x!.tanh())],
};

const complementPower: StableRule<'complementPower'> = {
  // 1 − p = −expm1(log p): 1 − exp(log p) cancels where p is near 1.
  body: ([logP], { exponent }) => logP!.expm1().neg().pow(exponent),
  // −γ·(1−p)^(γ−1)·p; where p is 1 and γ < 1 that is infinite, and what it is multiplied with is 0: their product’s limit is 0.
  derivative: (g, { inputs: [logP], attributes: { exponent } }) => {
    const rest = logP!.expm1().neg();
    const slope = rest
      .pow(exponent - 1)
      .mul(logP!.exp())
      .mul(-exponent);
    return [g.mul(exponent < 1 ? where(rest.eq(0), 0, slope) : slope)];
  },
};

const floorStraightThrough: StableRule<'floorStraightThrough'> = {
  body: ([x], { low }) => x!.maximum(low),
  // 1, also where the floor holds: the gradient of torch's variance clamp.
  derivative: (g) => [g],
};

const clip: StableRule<'clip'> = {
  body: ([x], { low, high }) => x!.maximum(low).minimum(high),
  // 1 inside and at the bounds, where minimum and maximum would give a half.
  derivative: (g, { inputs: [x], attributes: { low, high } }) => [where(x!.ge(low).and(x!.le(high)), g, 0)],
};

/** p(1 − p), kept away from 0: torch's denominator for binary cross entropy. */
const variance = (p: Expr, guard: number): Expr => p.mul(constant(1).sub(p)).maximum(guard);

const clampedLog: StableRule<'clampedLog'> = {
  body: ([p], { floor }) => p!.log().maximum(floor),
  // (1−p)/max(p(1−p), guard) is 1/p; the clamp is not in the gradient, so that p = 0 still learns.
  derivative: (g, { inputs: [p], attributes: { guard } }) => [g.mul(constant(1).sub(p!)).div(variance(p!, guard))],
};

const clampedLog1m: StableRule<'clampedLog1m'> = {
  // log(1−p) through log1p: 1−p rounds to 1 for small p.
  body: ([p], { floor }) => p!.neg().log1p().maximum(floor),
  derivative: (g, { inputs: [p], attributes: { guard } }) => [g.mul(p!.neg()).div(variance(p!, guard))],
};

const xlogy: StableRule<'xlogy'> = {
  // The logarithm is taken of 1 where x is 0, so that 0·(−∞) does not arise.
  body: ([x, y]) => {
    const absent = x!.eq(0).and(y!.isNaN().not());
    return where(absent, 0, x!.mul(where(absent, 1, y!).log()));
  },
  // d/dx = log y and d/dy = x/y, both 0 where x is 0.
  derivative: (g, { inputs: [x, y] }) => {
    const absent = x!.eq(0);
    const safe = where(absent, 1, y!);
    return [
      unbroadcast(where(absent, 0, g.mul(safe.log())), x!.shape),
      unbroadcast(where(absent, 0, g.mul(x!.div(safe))), y!.shape),
    ];
  },
};

const logAddExp: StableRule<'logAddExp'> = {
  // The largest, and log1p of the others beside it: log(Σ) would lose a result near 0, such as a tiny loss.
  body: ([first, ...rest]) => {
    let largest = first!;
    const others = rest.map((x) => {
      const smaller = largest.minimum(x);
      largest = largest.maximum(x);
      return smaller;
    });
    const shift = finiteOrZero(largest);
    const terms = others.map((x) => x.sub(shift).exp());
    return terms.length === 0
      ? largest
      : terms
          .reduce((a, b) => a.add(b))
          .log1p()
          .add(largest);
  },
  derivative: (g, node) => node.inputs.map((x) => unbroadcast(g.mul(share(x, node as Expr)), x.shape)),
};

/** Elements equal to the maximum, and the rest of the sum of exponentials beside one of them: ties − 1 + Σ of the others. */
function tail(x: Expr, axis: number): { shift: Expr; rest: Expr } {
  const shift = finiteOrZero(x.max(axis, true));
  const isMax = x.eq(shift);
  const others = where(isMax, 0, x.sub(shift).exp()).sum(axis, true);
  return { shift, rest: others.add(isMax.toFloat().sum(axis, true).sub(1)) };
}

const logSumExp: StableRule<'logSumExp'> = {
  // log1p of what stands beside the maximum: log(Σ) would lose everything below one rounding unit of 1.
  body: ([x], { axis }) => {
    const { shift, rest } = tail(x!, axis);
    return rest.log1p().add(shift);
  },
  // The share as exp(log-softmax): exp(x − logSumExp) loses digits where both are large.
  derivative: (g, { inputs: [x], attributes: { axis } }) => [
    g.mul(where(x!.eq(-Infinity), 0, x!.logSoftmax(axis).exp())),
  ],
};

const logSoftmax: StableRule<'logSoftmax'> = {
  body: ([x], { axis }) => {
    const { shift, rest } = tail(x!, axis);
    return x!.sub(shift).sub(rest.log1p());
  },
  // gⱼ(1 − pⱼ) − pⱼ·Σ_{k≠j} g_k with 1 − p = −expm1(log p): for a confident row gⱼ − pⱼ·Σg cancels.
  derivative: (g, node) => {
    const logP = node as Expr;
    const { axis } = node.attributes;
    if (isOp(g, 'scatterAdd') && g.attributes.axis === axis && g.inputs[0]!.shape[axis] === 1) {
      // The same where one class a line has a cotangent, as in cross entropy: 1 − p is needed of that class alone.
      const [own, index] = g.inputs;
      const classes = logP.shape.map((dim, k) => (k === axis ? dim : 1));
      const isOwn = iota(logP.shape[axis]!).reshape(classes).eq(index!);
      return [where(isOwn, own!.mul(logP.gather(index!, axis).expm1().neg()), logP.exp().mul(own!.neg()))];
    }
    // Picked classes (ctc's posteriors) are often nearly alone in their line, and Σg − gⱼ cancels there: what stands before
    // j and after it does not. For a dense cotangent that would be the dearest part of the whole gradient.
    const picked = isOp(g, 'scatterAdd') && g.attributes.axis === axis;
    const others = picked
      ? g.cumsum(axis, { exclusive: true }).add(g.cumsum(axis, { exclusive: true, reverse: true }))
      : g.sum(axis, true).sub(g);
    return [g.mul(logP.expm1().neg()).sub(logP.exp().mul(others))];
  },
};

const softmax: StableRule<'softmax'> = {
  // 1 − p = −expm1(log p), which keeps its digits where p is near 1.
  body: ([x], { axis, complement }) => {
    if (complement) return x!.logSoftmax(axis).expm1().neg();
    const powers = x!.sub(finiteOrZero(x!.max(axis, true))).exp();
    return powers.div(powers.sum(axis, true));
  },
  derivative: (g, node) => {
    const { axis, complement } = node.attributes;
    const slope = softmaxSlope(node.inputs[0]!, fromLargest(g, node.inputs[0]!, axis), axis);
    return [complement ? slope.neg() : slope];
  },
};

/** The (first) largest entry of each line. */
function largestOf(x: Expr, axis: number): Expr {
  const largest = x.eq(x.max(axis, true));
  return largest.and(largest.toFloat().cumsum(axis).eq(1));
}

/** v less its value where x is largest. */
function fromLargest(v: Expr, x: Expr, axis: number): Expr {
  const first = largestOf(x, axis);
  return where(first, 0, v.sub(where(first, v, 0).sum(axis, true)));
}

/** p·(g − Σp·g), which a shift of g doesn't change: with 0 where p is largest nothing of it cancels in a confident row. */
function softmaxSlope(x: Expr, g: Expr, axis: number): Expr {
  const p = x.softmax(axis);
  return p.mul(g.sub(p.mul(g).sum(axis, true)));
}

const softmaxDivergence: StableRule<'softmaxDivergence'> = {
  // Σq·(log q − log p), with log q_k − log p_k = d_k − log Σp·exp(d) for d = t − x: the two are 0 to the first order of d
  // apart from Σ(q − p)·d, so that near one another nothing is lost. Far apart that logarithm is log p − log q at d = 0.
  body: ([t, x], { axis }) => {
    const d = fromLargest(t!.sub(x!), t!, axis);
    const near = d.abs().max(axis, true).le(1);
    const small = x!
      .softmax(axis)
      .mul(where(near, d, 0).expm1())
      .sum(axis, true)
      .log1p();
    const far = where(largestOf(t!, axis), x!.logSoftmax(axis).sub(t!.logSoftmax(axis)), 0).sum(axis, true);
    return t!
      .softmax(axis)
      .mul(d)
      .sum(axis, true)
      .sub(where(near, small, far));
  },
  // q·(d − Σq·d) and p − q, the latter by the complements where both are near 1.
  derivative: (g, { inputs: [t, x], attributes: { axis } }) => {
    const [p, q] = [x!.softmax(axis), t!.softmax(axis)];
    const apart = where(q.gt(0.5), t!.softmaxComplement(axis).sub(x!.softmaxComplement(axis)), p.sub(q));
    return [g.mul(softmaxSlope(t!, fromLargest(t!.sub(x!), t!, axis), axis)), g.mul(apart)];
  },
};

const norm: StableRule<'norm'> = {
  // Scaled by the largest element, so that no power leaves the range while the norm is in it.
  body: ([x], { axis, p }) => {
    const magnitude = x!.abs();
    if (p === 1) return magnitude.sum(axis, true);
    const largest = magnitude.max(axis, true);
    if (p === Infinity) return largest;
    const scale = where(largest.isFinite().and(largest.gt(0)), largest, 1);
    const total = magnitude.div(scale).pow(p).sum(axis, true);
    return (p === 2 ? total.sqrt() : total.pow(1 / p)).mul(scale);
  },
  // sign(x)·(|x|/norm)^(p−1); 0 where the norm is 0, where the quotient would be 0/0, and sign(x) where it would be ∞/∞.
  derivative: (g, node) => {
    const [x] = node.inputs;
    const { axis, p } = node.attributes;
    if (p === 1) return [g.mul(x!.sign())];
    const length = node as Expr;
    if (p === Infinity) {
      const ties = x!.abs().eq(length);
      return [where(ties, g.mul(x!.sign()).div(ties.toFloat().sum(axis, true)), 0)];
    }
    const ratio = where(x!.abs().eq(Infinity), x!.sign(), x!.div(where(length.eq(0), 1, length)));
    if (p === 2) return [g.mul(ratio)];
    // For p < 1 the slope at an element of 0 would be 0·∞.
    const size = p < 1 ? where(x!.eq(0), 1, ratio.abs()) : ratio.abs();
    return [g.mul(x!.sign().mul(size.pow(p - 1)))];
  },
};

const logisticLoss: StableRule<'logisticLoss'> = {
  // w·t·softplus(−x) + (1−t)·softplus(x): each term is well-conditioned by itself, where x − x·t + softplus(−x) cancels.
  body: ([x, t, w]) => {
    // A term of weight 0 is 0 beside an infinite logit too.
    const term = (share: Expr, logit: Expr) =>
      share.mul(where(share.eq(0).and(logit.eq(Infinity)), 0, logit).softplus());
    return term(t!, x!.neg())
      .mul(w!)
      .add(term(constant(1).sub(t!), x!));
  },
  // d/dt = w·softplus(−x) − softplus(x) cancels near 0, and without a weight is −x: softplus(x) = relu(x) + softplus(−|x|).
  derivative: (g, { inputs: [x, t, w] }) => {
    const minus = x!.neg();
    const byTarget = minus.relu().mul(w!).sub(x!.relu()).add(w!.sub(1).mul(x!.abs().neg().softplus()));
    const byLogit = constant(1).sub(t!).mul(x!.sigmoid()).sub(w!.mul(t!).mul(minus.sigmoid()));
    return [
      unbroadcast(g.mul(byLogit), x!.shape),
      unbroadcast(g.mul(byTarget), t!.shape),
      unbroadcast(g.mul(t!.mul(minus.softplus())), w!.shape),
    ];
  },
};

const mixturePower: StableRule<'mixturePower'> = {
  // ((1−t)·eᵃ + t·eᵇ)^γ from the logarithms a and b, which stay finite where the powers underflow.
  body: ([t, a, b], { exponent }) => {
    const log = mixtureLog(t!, a!, b!);
    return exponent === 2 ? log.exp().square() : log.mul(exponent).exp();
  },
  // γ·m^(γ−1) times eᵇ − eᵃ, (1−t)eᵃ, t·eᵇ, each as one exponential: for γ < 1 the factors alone overflow for saturated
  // logits. For γ = 2, the usual one, no factor exceeds 1, and they are what the value and others need as well.
  derivative: (g, { inputs: [t, a, b], attributes: { exponent } }) => {
    const log = mixtureLog(t!, a!, b!);
    const scaled = (term: Expr) =>
      exponent === 2
        ? term.exp().mul(log.exp()).mul(2)
        : term
            .add(log.mul(exponent - 1))
            .exp()
            .mul(exponent);
    const complement = constant(1).sub(t!);
    const [atA, atB] = [scaled(a!), scaled(b!)];
    return [
      // For an exponent below 1 the slope is infinite where m vanishes; nothing of it reaches a cotangent of 0.
      unbroadcast(where(g.eq(0), 0, g.mul(atB.sub(atA))), t!.shape),
      unbroadcast(where(complement.eq(0), 0, g.mul(complement.mul(atA))), a!.shape),
      unbroadcast(where(t!.eq(0), 0, g.mul(t!.mul(atB))), b!.shape),
    ];
  },
};

/** log((1−t)·eᵃ + t·eᵇ), by one exponential: of how far apart the two are. A side of weight 0 does not enter, however large. */
function mixtureLog(t: Expr, a: Expr, b: Expr): Expr {
  const larger = a.maximum(b);
  const shift = finiteOrZero(larger);
  const least = a.minimum(b).sub(shift).exp();
  const most = where(larger.isFinite(), 1, where(larger.lt(0), 0, Infinity));
  const part = (weight: Expr, isLarger: Expr) => weight.mul(where(isLarger, most, least));
  const mixed = part(constant(1).sub(t), b.le(a))
    .add(part(t, a.le(b)))
    .log()
    .add(shift);
  return where(t.eq(1), b, where(t.eq(0), a, mixed));
}

const fraction: StableRule<'fraction'> = {
  body: ([a, b]) => {
    const nothing = a!.add(b!).eq(0);
    return where(nothing, 0, a!.div(where(nothing, 1, a!.add(b!))));
  },
  // b/(a+b)² and −a/(a+b)², where the derivative of the quotient has 1/(a+b) − a/(a+b)², which cancels.
  derivative: (g, node) => {
    const [a, b] = node.inputs;
    const nothing = a!.add(b!).eq(0);
    const whole = where(nothing, 1, a!.add(b!));
    const by = (part: Expr, shape: Expr['shape']) => unbroadcast(g.mul(part.div(whole)).div(whole), shape);
    return [by(b!, a!.shape), by(a!.neg(), b!.shape)];
  },
};

/** The length that a line is divided by. */
function lengthOf(x: Expr, axis: number, low: number): { length: Expr; short: Expr } {
  const own = x.norm(axis, 2, true);
  const short = low === 0 ? own.eq(0) : own.lt(low);
  return { length: where(short, low === 0 ? 1 : low, own), short };
}

const unit: StableRule<'unit'> = {
  body: ([x], { axis, low }) => x!.div(lengthOf(x!, axis, low).length),
  // (gᵢ·Σyⱼ² − yᵢ·Σgⱼyⱼ)/length without j = i on both sides, which would cancel: all that is left of g along the line.
  derivative: (g, node) => {
    const y = node as Expr;
    const { axis, low } = node.attributes;
    const { length, short } = lengthOf(node.inputs[0]!, axis, low);
    const others = (x: Expr) =>
      x.cumsum(axis, { exclusive: true }).add(x.cumsum(axis, { exclusive: true, reverse: true }));
    const turn = g.mul(others(y.square())).sub(y.mul(others(g.mul(y))));
    return [where(short, low === 0 ? 0 : g, turn).div(length)];
  },
};

const expExcess: StableRule<'expExcess'> = {
  body: ([x]) => x!.expm1().sub(x!),
  // An error of x counts by eˣ − 1, not by eˣ and by 1 apart.
  derivative: (g, { inputs: [x] }) => [g.mul(x!.expm1())],
};

/** x/√|α−2| as t/r with |t| <= 1 and r = min(1, √|α−2|/|x|): sums of their squares stay in range. */
function ratioOf(x: Expr, alpha: number): { t: Expr; r: Expr } {
  const v = x.div(Math.sqrt(Math.abs(alpha - 2)));
  const far = v.abs().gt(1);
  return { t: where(far, x.sign(), v), r: where(far, constant(1).div(where(far, v.abs(), 1)), 1) };
}

const robust: StableRule<'robust'> = {
  // (b/α)·((1 + x²/b)^(α/2) − 1) with b = |α−2| and x²/b = (t/r)²; the power less 1 as expm1, or in closed form.
  body: ([x], { alpha }) => {
    if (alpha === -Infinity) return x!.abs().minimum(64).square().mul(-0.5).expm1().neg();
    const { t, r } = ratioOf(x!, alpha);
    const [t2, r2] = [t.square(), r.square()];
    if (alpha === 1) return t2.div(t2.add(r2).sqrt().add(r).mul(r));
    if (alpha === -2) return t2.mul(2).div(t2.add(r2));
    const log = where(r.lt(1), r2.log1p().sub(r.log().mul(2)), t2.log1p());
    if (alpha === 0) return log;
    return log
      .mul(alpha / 2)
      .expm1()
      .mul(Math.abs(alpha - 2) / alpha);
  },
  // x·(1 + x²/b)^(α/2 − 1); of an infinite x that is its limit.
  derivative: (g, { inputs: [x], attributes: { alpha } }) => {
    if (alpha === -Infinity) {
      const seen = where(x!.abs().ge(64), 0, x!);
      return [g.mul(seen.mul(seen.square().mul(-0.5).exp()))];
    }
    const { t, r } = ratioOf(x!, alpha);
    const power = t
      .square()
      .add(r.square())
      .pow(alpha / 2 - 1);
    return [
      g.mul(
        t
          .mul(Math.sqrt(Math.abs(alpha - 2)))
          .mul(r.pow(1 - alpha))
          .mul(power),
      ),
    ];
  },
};

/** The meaning of every stable operation. */
export const stableRules: { readonly [K in Stable]: StableRule<K> } = {
  sigmoid,
  softplus,
  tanh,
  logCosh,
  complementPower,
  floorStraightThrough,
  clip,
  clampedLog,
  clampedLog1m,
  xlogy,
  logAddExp,
  logSumExp,
  logSoftmax,
  softmax,
  softmaxDivergence,
  norm,
  logisticLoss,
  mixturePower,
  robust,
  expExcess,
  halfDeviance,
  unit,
  fraction,
};
