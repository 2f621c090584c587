import { broadcastArray, type Op, sizeOf } from '@isoloss/core';
import { type FloatFormat, isPowerOfTwo, productResidual, sumResidual } from '../float.ts';
import { type BoundContext, type Bounded, Builder, type Cell, cell, isExactCell, read, settle } from './bounded.ts';

/** Bounds of one element of the result from the elements of the operands, before the operation's own rounding; true if exact. */
export type Propagation = (out: Cell, operands: readonly Cell[], format: FloatFormat, attributes: never) => boolean;

/** A rule for float operations that treat elements alone. */
export function elementwise(propagate: Propagation) {
  return (inputs: readonly Bounded[], context: BoundContext): Bounded => {
    const { shape, format } = context;
    if (inputs.every((input) => input.data instanceof Int32Array)) return integers(inputs, context);
    const operands = inputs.map((input) => aligned(input, shape));
    const cells = inputs.map(cell);
    const out = cell();
    const result = new Builder(shape);
    const relative = context.rounding(context.node.op);
    for (let k = 0; k < result.data.length; k++) {
      for (let i = 0; i < operands.length; i++) read(operands[i]!, operands[i]!.data.length === 1 ? 0 : k, cells[i]!);
      const exact = propagate(out, cells, format, context.attributes as never);
      settle(out, relative, exact, format);
      result.set(k, out);
    }
    return result.done();
  };
}

/** The operand as the result's shape sees it; a single element is left as it is. */
export function aligned(x: Bounded, shape: readonly number[]): Bounded {
  if (x.data.length === 1) return x;
  const spread = <D extends Bounded['data']>(data: D): D => broadcastArray({ shape: x.shape, data }, shape).data as D;
  return {
    shape,
    data: spread(x.data),
    down: x.down && spread(x.down),
    up: x.up && spread(x.up),
    uncertain: x.uncertain && spread(x.uncertain),
  };
}

/** Integers don't round; what an uncertain choice went into stays uncertain. */
function integers(inputs: readonly Bounded[], { shape, node }: BoundContext): Bounded {
  const [a, b] = inputs.map((input) => aligned(input, shape));
  const fn = integerOperations[node.op]!;
  const size = sizeOf(shape);
  const at = (x: Bounded | undefined, k: number) => (x === undefined ? 0 : x.data[x.data.length === 1 ? 0 : k]!);
  return {
    shape,
    data: Int32Array.from({ length: size }, (_, k) => fn(at(a, k), at(b, k))),
    uncertain: mergedUncertainty([a, b], size),
  };
}

const integerOperations: { readonly [K in Op]?: (a: number, b: number) => number } = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  minimum: Math.min,
  maximum: Math.max,
  neg: (a) => -a,
};

export function mergedUncertainty(operands: readonly (Bounded | undefined)[], size: number): Uint8Array | undefined {
  const flags = operands.map((x) => x?.uncertain).filter((x) => x !== undefined);
  if (flags.length === 0) return undefined;
  return Uint8Array.from({ length: size }, (_, k) => +flags.some((flag) => flag[flag.length === 1 ? 0 : k]));
}

/** Whether a sum of exact numbers is a number of the format. */
function isExactSum(a: number, b: number, sum: number, format: FloatFormat): boolean {
  return !Number.isFinite(sum) || (sumResidual(a, b) === 0 && format.round(sum) === sum);
}

/** a + b, whose deviations add. Adding an exact 0 changes nothing. */
export const add: Propagation = (out, [a, b], format) => {
  out.v = a!.v + b!.v;
  out.down = a!.down + b!.down;
  out.up = a!.up + b!.up;
  const [aExact, bExact] = [isExactCell(a!), isExactCell(b!)];
  if ((aExact && a!.v === 0) || (bExact && b!.v === 0)) return true;
  return aExact && bExact && isExactSum(a!.v, b!.v, out.v, format);
};

const negated = cell();
const negate = (x: Cell, into: Cell): Cell => {
  [into.v, into.down, into.up] = [-x.v, x.up, x.down];
  return into;
};
export const sub: Propagation = (out, [a, b], format, attributes) =>
  add(out, [a!, negate(b!, negated)], format, attributes);
export const neg: Propagation = (out, [x]) => {
  negate({ ...x! }, out);
  return true;
};

/** (a+δ)(b+ε) − ab = aε + bδ + δε is bilinear: its extremes are at the corners. */
export const mul: Propagation = (out, [a, b], format) => {
  out.v = a!.v * b!.v;
  const [aExact, bExact] = [isExactCell(a!), isExactCell(b!)];
  if (aExact && bExact) {
    out.down = out.up = 0;
    return !Number.isFinite(out.v) || (productResidual(a!.v, b!.v) === 0 && format.round(out.v) === out.v);
  }
  out.down = out.up = 0;
  // ∞ times a number whose sign is known is ∞, however inexact the number.
  const infinite = (x: Cell, other: Cell) =>
    isExactCell(x) &&
    Math.abs(x.v) === Number.POSITIVE_INFINITY &&
    (other.v - other.down > 0 || other.v + other.up < 0);
  if (infinite(a!, b!) || infinite(b!, a!)) return true;
  for (const deltaA of [-a!.down, a!.up])
    for (const deltaB of [-b!.down, b!.up]) {
      // An exact factor takes no part in the products with its deviation, which is 0 and not 0·∞.
      const deviation =
        (deltaB === 0 ? 0 : a!.v * deltaB) +
        (deltaA === 0 ? 0 : b!.v * deltaA) +
        (deltaA === 0 || deltaB === 0 ? 0 : deltaA * deltaB);
      widen(out, deviation);
    }
  return (aExact && (a!.v === 0 || isPowerOfTwo(a!.v))) || (bExact && (b!.v === 0 || isPowerOfTwo(b!.v)));
};

function widen(out: Cell, deviation: number): void {
  if (Number.isNaN(deviation)) out.down = out.up = Number.NaN;
  else if (deviation > out.up) out.up = deviation;
  else if (-deviation > out.down) out.down = -deviation;
}

/** (a+δ)/(b+ε) − q = (δ − qε)/(b+ε), monotone in both while the divisor keeps its sign. */
export const div: Propagation = (out, [a, b], format) => {
  const q = a!.v / b!.v;
  out.v = q;
  out.down = out.up = 0;
  const [aExact, bExact] = [isExactCell(a!), isExactCell(b!)];
  if (bExact && (b!.v === 0 || !Number.isFinite(b!.v))) {
    // x/0 is infinite as long as the sign of x is known, x/∞ is 0 as long as x is finite.
    const known =
      b!.v === 0 ? a!.v - a!.down > 0 || a!.v + a!.up < 0 || aExact : Number.isFinite(a!.v + a!.up - a!.down) || aExact;
    if (!known) out.down = out.up = Number.NaN;
    return true;
  }
  if (!bExact && b!.v - b!.down <= 0 && b!.v + b!.up >= 0) {
    out.down = out.up = Number.NaN;
    return false;
  }
  // ∞ over a finite number of known sign.
  if (aExact && !Number.isFinite(a!.v) && Number.isFinite(b!.v + b!.up - b!.down)) return true;
  if (aExact && bExact)
    return !Number.isFinite(q) || (productResidual(q, b!.v) === 0 && q * b!.v === a!.v && format.round(q) === q);
  if (aExact && a!.v === 0) return true;
  for (const deltaA of [-a!.down, a!.up])
    for (const deltaB of [-b!.down, b!.up]) {
      const divisor = b!.v + deltaB;
      // A divisor that overflowed takes the quotient to 0.
      if (!Number.isFinite(divisor)) widen(out, Number.isFinite(a!.v + deltaA) ? -q : Number.NaN);
      else widen(out, (deltaA - (deltaB === 0 ? 0 : q * deltaB)) / divisor);
    }
  return bExact && isPowerOfTwo(b!.v);
};

/** The larger of two: each end of the interval is the larger of the operands' ends. */
export const maximum: Propagation = (out, [a, b]) => {
  out.v = Math.max(a!.v, b!.v);
  out.down = out.up = 0;
  if (!Number.isFinite(out.v)) {
    // A +∞ decides; a NaN, and two −∞, are exact. What may have overflowed on the other side can't matter less.
    if (out.v === Number.NEGATIVE_INFINITY && !(isExactCell(a!) && isExactCell(b!))) out.down = out.up = Number.NaN;
    return true;
  }
  out.up = Math.max(a!.up + (a!.v - out.v), b!.up + (b!.v - out.v), 0);
  out.down = Math.max(Math.min(a!.down + (out.v - a!.v), b!.down + (out.v - b!.v)), 0);
  return true;
};
const [first, second] = [cell(), cell()];
export const minimum: Propagation = (out, [a, b], format, attributes) => {
  maximum(out, [negate(a!, first), negate(b!, second)], format, attributes);
  negate({ ...out }, out);
  return true;
};

export const relu: Propagation = (out, [x]) => {
  out.v = Math.max(x!.v, 0);
  out.up = x!.v >= 0 ? x!.up : Math.max(0, x!.v + x!.up);
  out.down = Math.max(0, Math.min(x!.down, out.v));
  return true;
};

export const abs: Propagation = (out, [x]) => {
  out.v = Math.abs(x!.v);
  const [outwards, inwards] = x!.v >= 0 ? [x!.up, x!.down] : [x!.down, x!.up];
  out.down = Math.min(inwards, out.v);
  // A value that may change its sign may come out larger on the other side.
  out.up = Math.max(outwards, inwards - 2 * out.v);
  return true;
};

export const sign: Propagation = (out, [x]) => {
  out.v = Math.sign(x!.v);
  out.up = x!.v + x!.up > 0 ? 1 - out.v : x!.v <= 0 && x!.v + x!.up >= 0 ? 0 - out.v : 0;
  out.down = x!.v - x!.down < 0 ? out.v + 1 : x!.v >= 0 && x!.v - x!.down <= 0 ? out.v : 0;
  if (isExactCell(x!)) out.up = out.down = 0;
  return true;
};

/** A rule for an increasing function, from `rise(x, δ) = f(x+δ) − f(x)` without cancellation. */
function increasing(
  fn: (x: number) => number,
  rise: (x: number, delta: number, value: number) => number,
  isExact: (x: number, value: number, format: FloatFormat) => boolean,
): Propagation {
  return (out, [x], format) => {
    out.v = fn(x!.v);
    if (isExactCell(x!)) {
      out.down = out.up = 0;
      return Number.isNaN(out.v) || isExact(x!.v, out.v, format);
    }
    out.up = x!.up === 0 ? 0 : rise(x!.v, x!.up, out.v);
    out.down = x!.down === 0 ? 0 : -rise(x!.v, -x!.down, out.v);
    return false;
  };
}

export const exp = increasing(
  Math.exp,
  (x, delta, value) => {
    // Beyond the range on either end of the interval it is ∞ for every backend.
    if (value === Number.POSITIVE_INFINITY) return Math.exp(x + delta) === value ? 0 : Number.NEGATIVE_INFINITY;
    return delta === Number.NEGATIVE_INFINITY ? -value : value * Math.expm1(delta);
  },
  (x) => x === 0 || !Number.isFinite(x),
);
export const expm1 = increasing(
  Math.expm1,
  (x, delta) => (delta === Number.NEGATIVE_INFINITY ? -1 - Math.expm1(x) : Math.exp(x) * Math.expm1(delta)),
  (x) => x === 0 || !Number.isFinite(x),
);
export const log = increasing(
  Math.log,
  // Where the argument may come out as 0 or less, the logarithm may be −∞ or NaN.
  (x, delta) =>
    x + delta <= 0 ? Number.NEGATIVE_INFINITY : x === 0 ? Number.POSITIVE_INFINITY : Math.log1p(delta / x),
  (x) => x === 1 || x <= 0 || x === Number.POSITIVE_INFINITY,
);
export const log1p = increasing(
  Math.log1p,
  (x, delta) => (1 + (x + delta) <= 0 ? Number.NEGATIVE_INFINITY : Math.log1p(delta / (1 + x))),
  (x) => x === 0 || x <= -1 || x === Number.POSITIVE_INFINITY,
);
export const atan = increasing(
  Math.atan,
  // atan(x+δ) − atan x = atan(δ/(1 + x(x+δ))) while the two lie within a quarter turn; π is taken off beyond.
  (x, delta) => {
    const turn = 1 + x * (x + delta);
    return turn > 0 ? Math.atan(delta / turn) : Math.atan(x + delta) - Math.atan(x);
  },
  (x) => x === 0,
);

/** sin and cos move by no more than their argument does, and stay within [−1, 1]. */
const periodic =
  (fn: (x: number) => number): Propagation =>
  (out, [x]) => {
    out.v = fn(x!.v);
    const reach = Math.max(x!.down, x!.up);
    out.down = Math.min(reach, 1 + out.v);
    out.up = Math.min(reach, 1 - out.v);
    return isExactCell(x!) && (x!.v === 0 || Number.isNaN(out.v));
  };
export const sin = periodic(Math.sin);
export const cos = periodic(Math.cos);

export const sqrt = increasing(
  Math.sqrt,
  // A radicand that may come out negative has no root.
  (x, delta) =>
    x + delta < 0
      ? Number.NaN
      : delta === Number.POSITIVE_INFINITY
        ? delta
        : delta / (Math.sqrt(x + delta) + Math.sqrt(x)),
  (x, root, format) =>
    !Number.isFinite(root) || (productResidual(root, root) === 0 && root * root === x && format.round(root) === root),
);

/** xᵖ: monotone on either side of 0; a power of a possibly negative number is one only for whole exponents. */
export const pow: Propagation = (out, [x], format, attributes) => {
  const p = (attributes as { exponent: number }).exponent;
  out.v = x!.v ** p;
  out.down = out.up = 0;
  if (p === 0) return true;
  // A runtime's power of a short number need not be exact where the product would be: 88³ is not, in TensorFlow.
  if (isExactCell(x!)) return x!.v === 0 || x!.v === 1 || !Number.isFinite(out.v);
  const [low, high] = [x!.v - x!.down, x!.v + x!.up];
  if (low > 0 || high < 0) {
    if (high < 0 && !Number.isInteger(p)) out.down = out.up = Number.NaN;
    for (const delta of [-x!.down, x!.up])
      if (delta !== 0) widen(out, out.v * Math.expm1(p * Math.log1p(delta / x!.v)));
    const loose = exponentError(x!.v, p, format) * Math.abs(out.v);
    out.down += loose;
    out.up += loose;
    return false;
  }
  if ((low < 0 && !Number.isInteger(p)) || p < 0) out.down = out.up = Number.NaN;
  for (const end of [low, 0, high]) widen(out, end ** p - out.v);
  return false;
};

/** The relative error from the rounding of an exponent: into the format, or, of no multiple of a half, of its own making. */
function exponentError(x: number, p: number, format: FloatFormat): number {
  if (Number.isInteger(2 * p) || !(x > 0)) return 0;
  return Math.abs(p * Math.log(x)) * (format.round(p) === p ? 2 ** -53 : format.u);
}
