import { type Code, f32x4, f64x2, i32, i64x2, type Local, type V128, v128 } from '../../assembler/index.ts';
import { f, narrowed, polynomial, widened, widePolynomial, wideRounder } from './shared.ts';

const { add, sub, mul, nearest } = f64x2;
const { and, andnot, or, xor, bitselect } = v128;

/** Coefficients of p in sin r = r·p(r²), |r| <= π/4; relative error 2⁻³⁷: scripts/f32-minimax.py, sin. */
const sine = [
  0.9999999999956822, -0.16666666631636792, 0.008333328786126335, -0.00019839203159670426, 2.7173533438620117e-6,
];

/** Coefficients of p in cos r = p(r²), |r| <= π/4; relative error 2⁻³⁴: scripts/f32-minimax.py, cos. */
const cosine = [
  0.999999999952602, -0.4999999961543651, 0.041666616739376765, -0.0013886619213857984, 2.4379929635733744e-5,
];

/** Coefficients of p in atan x = x + x³·p(x²), |x| <= 1; relative error 2⁻²⁸·⁵: scripts/f32-minimax.py, atan. */
const arctangent = [
  -0.33333298563957214, 0.1999852955341339, -0.14264015853405, 0.10950881242752075, -0.08399314433336258,
  0.057881712913513184, -0.03109758161008358, 0.010869203135371208, -0.0017829920398071408,
];

/** π/2 = high + low, high of 33 bits: its product with a quadrant below 2²⁰ is exact. */
const halfPi = { high: 1.5707963267341256, low: 6.077100506506192e-11 };

/** 2/π in pieces of 24 bits, 192 in all: as many as 2¹²⁸ needs. */
const perHalfPi = [0xa2f983, 0x6e4e44, 0x1529fc, 0x2757d1, 0xf534dd, 0xc0db62, 0x95993c, 0x439041].map(
  (piece, k) => piece * 2 ** (-24 * (k + 1)),
);

const wide = (value: number): V128 => f64x2.const(value);

/** For every size of x: x·2/π modulo 4, of exact products with the pieces of 2/π, summed in two parts. */
function reduceLarge(code: Code, x: V128, t: Local<'v128'>, r: Local<'v128'>, bias: number): void {
  const high = code.variable('v128');
  const low = code.variable('v128');
  for (const [k, piece] of perHalfPi.entries()) {
    const product = code.let(mul(x, wide(piece)));
    const rest = code.let(sub(product, mul(nearest(mul(product, wide(0.25))), wide(4))));
    if (k === 0) {
      code.set(high, rest);
      code.set(low, wide(0));
      continue;
    }
    const sum = code.let(add(high, rest));
    const second = code.let(sub(sum, high));
    code.set(low, add(low, add(sub(high, sub(sum, second)), sub(rest, second))));
    code.set(high, sum);
  }
  code.set(t, add(high, wideRounder(bias)));
  code.set(r, mul(add(sub(high, sub(t, wideRounder(bias))), low), wide(Math.PI / 2)));
}

/** sin of x + quarters·π/2, in f64: one rounding is left at the end. */
function sineFrom(code: Code, x: V128, quarters: number): V128 {
  const large = code.let(v128.any_true(f32x4.gt(f32x4.abs(x), f(2 ** 20))));
  const halves = widened(x).map((half) => {
    const y = code.let(half);
    const t = code.let(add(mul(y, wide(2 / Math.PI)), wideRounder(quarters)));
    const n = code.let(sub(t, wideRounder(quarters)));
    const r = code.let(sub(sub(y, mul(n, wide(halfPi.high))), mul(n, wide(halfPi.low))));
    code.if(large, (slow) => reduceLarge(slow, y, t, r, quarters));
    const square = code.let(mul(r, r));
    const even = mul(r, widePolynomial(square, sine));
    const odd = widePolynomial(square, cosine);
    const isOdd = i64x2.eq(and(t, i64x2.const(1n)), i64x2.const(1n));
    return xor(bitselect(odd, even, isOdd), i64x2.shl(and(t, i64x2.const(2n)), i32.const(62)));
  });
  return narrowed(halves[0]!, halves[1]!);
}

/** sin x, error <= 0.51 ULP for all x: r = x − nπ/2 in f64. */
export const sin = (code: Code, x: V128): V128 => sineFrom(code, x, 0);

/** cos x, error <= 0.51 ULP for all x: sin of a quarter further. */
export const cos = (code: Code, x: V128): V128 => sineFrom(code, x, 1);

/** atan x, error <= 1.32 ULP: by a polynomial to 1, then π/2 − atan 1/x. */
export function atan(code: Code, x: V128): V128 {
  const size = code.let(f32x4.abs(x));
  const large = code.let(f32x4.gt(size, f(1)));
  const y = code.let(bitselect(f32x4.div(f(-1), size), size, large));
  const square = code.let(f32x4.mul(y, y));
  const rest = f32x4.mul(f32x4.mul(square, y), polynomial(square, arctangent));
  const corrected = f32x4.add(rest, and(large, f(Math.PI / 2 - Math.fround(Math.PI / 2))));
  const sum = f32x4.add(and(large, f(Math.PI / 2)), f32x4.add(y, corrected));
  return or(andnot(sum, f(-0)), and(x, f(-0)));
}
