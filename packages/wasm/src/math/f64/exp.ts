/**
 * e^x and e^x − 1.
 *
 * x = k·ln 2 + r with |r| <= ln 2 / 2 (Cody and Waite: ln 2 in two parts, the first so short that k times it is exact).
 * e^r = 1 + r + r·c/(2 − c) with c = r − ρ, where 2 + ρ is r·coth(r/2): the form of fdlibm. ρ = r²·p(r²), p by Remez's
 * algorithm (scripts/f64-minimax.py), error 2^-62. A division is cheaper here than the six more terms of a polynomial.
 */
import { type Code, f64x2, i32, i32x4, i64x2, type Local, type V128, v128 } from '../../assembler/index.ts';
import { abs, add, constant, div, fastTwoSum, horner, mul, sub } from './common.ts';

const p = [
  0.16666666666666555, -0.0027777777776698265, 6.613756250548308e-5, -1.6533837541082915e-6, 4.136059523680089e-8,
];

/** ln 2: 42 bits, and the rest. */
export const ln2High = 0.6931471805598903;
export const ln2Low = 5.497923018708371e-14;

/** Added to a number below 2⁵¹, it rounds it to an integer, which then stands in the lowest bits. */
const toInteger = 1.5 * 2 ** 52;

/** x = k·ln 2 + high − low. */
export interface Reduced {
  /** k + `bias`, as an integer in the lower bits of each lane. */
  readonly k: Local<'v128'>;
  readonly high: Local<'v128'>;
  readonly low: V128;
  /** high − low, rounded. */
  readonly r: Local<'v128'>;
  /** r·coth(r/2) − 2. */
  readonly rho: V128;
}

export function reduce(code: Code, x: Local<'v128'>, bias: number): Reduced {
  const { k, whole } = splitInteger(code, mul(x, constant(Math.LOG2E)), bias);
  const high = code.let(sub(x, mul(whole, constant(ln2High))));
  const low = code.let(mul(whole, constant(ln2Low)));
  const r = code.let(sub(high, low));
  return { k, high, low, r, rho: rhoOf(code, r) };
}

/** r·coth(r/2) − 2 of |r| <= ln 2 / 2. */
export function rhoOf(code: Code, r: Local<'v128'>): V128 {
  const square = code.let(mul(r, r));
  return mul(square, horner(square, p));
}

/** k + `bias` as an integer in the lower bits, and k, of x = k + a fraction from −½ to ½. */
export function splitInteger(code: Code, x: V128, bias: number) {
  const k = code.let(add(x, constant(toInteger + bias)));
  return { k, whole: code.let(sub(k, constant(toInteger + bias))) };
}

/** What must be added to `high` to have e^r − 1. */
function tail(code: Code, { r, low, rho }: Reduced): V128 {
  const c = code.let(sub(r, rho));
  return sub(div(mul(r, c), sub(constant(2), c)), low);
}

/** 2^k as the product of two normal numbers, although it may be out of range itself; `reduced` with bias 2·1023. */
export function powerOfTwo(code: Code, { k }: Reduced) {
  const half = code.let(i64x2.shl(i32x4.shr_s(k, i32.const(1)), i32.const(52)));
  return { half, rest: code.let(i64x2.sub(i64x2.shl(k, i32.const(52)), half)) };
}
export const productBias = 2 * 1023;

/** x in [−1000, 1000], or NaN. */
export const bounded = (code: Code, x: V128): Local<'v128'> =>
  code.let(f64x2.pmax(f64x2.pmin(x, constant(1000)), constant(-1000)));

/** e^x, where k has bias 2·1023. */
export function expOfReduced(code: Code, reduced: Reduced): V128 {
  const { half, rest } = powerOfTwo(code, reduced);
  // Only the last product can overflow, or be rounded to a subnormal.
  return mul(mul(add(constant(1), expm1OfReduced(code, reduced)), rest), half);
}

/** e^r − 1. */
export const expm1OfReduced = (code: Code, reduced: Reduced): V128 => add(reduced.high, tail(code, reduced));

/** Largest error found: 0.89 ULP. */
export const exp = (code: Code, x: V128): V128 => expOfReduced(code, reduce(code, bounded(code, x), productBias));

/** Largest error found: 1.24 ULP. */
export function expm1(code: Code, value: V128): V128 {
  const x = code.let(value);
  const inRange = code.let(f64x2.pmax(f64x2.pmin(x, constant(710)), constant(-40)));
  // 2^k(1 + high + tail) − 1 = (2^k − 1) + 2^k·high + 2^k·tail, all halved, since 2¹⁰²⁴ is no f64.
  const reduced = reduce(code, inRange, 1022);
  const power = code.let(i64x2.shl(reduced.k, i32.const(52)));
  const large = code.let(sub(power, constant(0.5)));
  const { sum, error } = fastTwoSum(code, large, code.let(mul(power, reduced.high)));
  const halved = code.let(add(sum, add(error, mul(power, tail(code, reduced)))));
  // Halving takes a bit from subnormals, and the sign from −0; e^x − 1 is x there.
  return v128.bitselect(add(halved, halved), x, f64x2.gt(abs(x), constant(2 ** -54)));
}
