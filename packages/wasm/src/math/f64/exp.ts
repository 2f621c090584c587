/**
 * e^x and e^x − 1.
 *
 * x = k·ln 2 + r with |r| <= ln 2 / 2 (Cody and Waite: ln 2 in two parts, the first so short that k times it is exact).
 * e^r = 1 + r + r·c/(2 − c) with c = r − r²·p(r²), where 2 + r²·p(r²) is r·coth(r/2): the form of fdlibm. p by Remez's
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
const log2e = 1.4426950408889634;

/** Added to a number below 2⁵¹, it rounds it to an integer, which then stands in the lowest bits. */
const toInteger = 1.5 * 2 ** 52;

interface Reduced {
  /** k + `bias`, as an integer in the lower bits of each lane. */
  readonly k: Local<'v128'>;
  /** r, rounded to f64, but for a small part. */
  readonly high: Local<'v128'>;
  /** What must be added to `high` to have e^r − 1. */
  readonly tail: V128;
}

function reduce(code: Code, x: Local<'v128'>, bias: number): Reduced {
  const k = code.let(add(mul(x, constant(log2e)), constant(toInteger + bias)));
  const whole = code.let(sub(k, constant(toInteger + bias)));
  const high = code.let(sub(x, mul(whole, constant(ln2High))));
  const low = code.let(mul(whole, constant(ln2Low)));
  const r = code.let(sub(high, low));
  const square = code.let(mul(r, r));
  const c = code.let(sub(r, mul(square, horner(square, p))));
  return { k, high, tail: sub(div(mul(r, c), sub(constant(2), c)), low) };
}

/** e^x of x in [−1400, 1400] or NaN, as mantissa · half · rest: powers of two whose product alone may be out of range. */
export function expOfBounded(code: Code, x: Local<'v128'>): V128 {
  // 2^k = 2^⌊k/2⌋ · 2^(k − ⌊k/2⌋): both are normal, and only the last product can overflow, or be rounded to a subnormal.
  const { k, high, tail } = reduce(code, x, 2 * 1023);
  const half = code.let(i64x2.shl(i32x4.shr_s(k, i32.const(1)), i32.const(52)));
  const rest = i64x2.sub(i64x2.shl(k, i32.const(52)), half);
  return mul(mul(add(constant(1), add(high, tail)), rest), half);
}

/** Largest error found: 0.74 ULP. */
export const exp = (code: Code, x: V128): V128 =>
  expOfBounded(code, code.let(f64x2.pmax(f64x2.pmin(x, constant(1000)), constant(-1000))));

/** Largest error found: 1.05 ULP. */
export function expm1(code: Code, value: V128): V128 {
  const x = code.let(value);
  const bounded = code.let(f64x2.pmax(f64x2.pmin(x, constant(710)), constant(-40)));
  // 2^k(1 + r + tail) − 1 = (2^k − 1) + 2^k·r + 2^k·tail, all halved, since 2¹⁰²⁴ is no f64.
  const { k, high, tail } = reduce(code, bounded, 1022);
  const power = code.let(i64x2.shl(k, i32.const(52)));
  const large = code.let(sub(power, constant(0.5)));
  const { sum, error } = fastTwoSum(code, large, code.let(mul(power, high)));
  const halved = code.let(add(sum, add(error, mul(power, tail))));
  // Halving takes a bit from subnormals, and the sign from −0; e^x − 1 is x there.
  return v128.bitselect(add(halved, halved), x, f64x2.gt(abs(x), constant(2 ** -54)));
}
