/**
 * sin x and cos x.
 *
 * x = n·π/2 + r + low, |r| <= π/4: π/2 in three parts, the first two of 35 bits, whose products with n are exact
 * (Cody and Waite); above 2¹⁷·π/2 as in large-angle.ts. sin r and cos r in the form of fdlibm: r + r³·s(r²) and
 * 1 − r²/2 + r⁴·c(r²), to which low is added to first order; s and c by Remez's algorithm (scripts/f64-minimax.py),
 * errors 2^-58 and 2^-64.
 */
import { type Code, f64x2, i32, i64x2, type Local, type V128, v128 } from '../../assembler/index.ts';
import { abs, add, bits, constant, fastTwoSum, horner, mul, sub } from './common.ts';
import { splitInteger } from './exp.ts';
import { reduceLarge } from './large-angle.ts';

const s = [
  -0.16666666666666632, 0.008333333333322418, -0.00019841269829812386, 2.755731369356969e-6, -2.5050758383330325e-8,
  1.589681171624775e-10,
];
const c = [
  0.0416666666666666, -0.0013888888888874131, 2.4801587289487006e-5, -2.755731435378699e-7, 2.0875723478745677e-9,
  -1.135965882952638e-11,
];

const halfPi = [1.5707963267923333, 2.5633441515839558e-12, 1.0562999066987428e-23] as const;
const limit = 2e5;

/** The sine of x + `quarters`·π/2. */
function sine(code: Code, value: V128, quarters: number): V128 {
  const x = code.let(value);
  const { k: n, whole } = splitInteger(code, mul(x, constant(2 / Math.PI)), 0);
  const first = code.let(sub(x, mul(whole, constant(halfPi[0]))));
  const product = code.let(mul(whole, constant(halfPi[1])));
  const second = code.let(sub(first, product));
  // What `second` lost, and the third part. All is in such an order that −0 stays −0.
  const third = code.let(sub(mul(whole, constant(halfPi[2])), sub(sub(first, second), product)));
  const r = code.let(sub(second, third));
  const low = code.let(sub(sub(second, r), third));
  const large = code.let(f64x2.gt(abs(x), constant(limit)));
  code.if(v128.any_true(large), (slow) => {
    const reduced = reduceLarge(slow, x);
    slow.set(n, v128.bitselect(reduced.n, n, large));
    slow.set(r, v128.bitselect(reduced.high, r, large));
    slow.set(low, v128.bitselect(reduced.low, low, large));
  });
  return quadrant(code, quarters === 0 ? n : code.let(i64x2.add(n, bits(BigInt(quarters)))), r, low);
}

/** sin(n·π/2 + r + low) */
function quadrant(code: Code, n: Local<'v128'>, r: Local<'v128'>, low: Local<'v128'>): V128 {
  const z = code.let(mul(r, r));
  const half = code.let(mul(z, constant(0.5)));
  const cube = code.let(mul(z, r));
  // r − ((z·(low/2 − cube·s′) − low) − cube·s₀), s′ being s without its first term
  const inner = sub(mul(z, sub(mul(low, constant(0.5)), mul(cube, horner(z, s.slice(1))))), low);
  const sinR = sub(r, sub(inner, mul(cube, constant(s[0]!))));
  const { sum, error } = fastTwoSum(code, code.let(constant(1)), code.let(f64x2.neg(half)));
  const cosR = add(sum, add(error, sub(mul(mul(z, z), horner(z, c)), mul(r, low))));
  const odd = i64x2.eq(v128.and(n, bits(1n)), bits(1n));
  const sign = i64x2.shl(v128.and(n, bits(2n)), i32.const(62));
  return v128.xor(v128.bitselect(cosR, sinR, odd), sign);
}

/** Largest error found: 0.78 ULP. */
export const sin = (code: Code, x: V128): V128 => sine(code, x, 0);

/** Largest error found: 0.78 ULP. */
export const cos = (code: Code, x: V128): V128 => sine(code, x, 1);
