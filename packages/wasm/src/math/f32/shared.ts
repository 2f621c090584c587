import { type Code, f32x4, f64x2, i32, i32x4, type V128, v128 } from '../../assembler/index.ts';

const { add, mul } = f32x4;

export const f = (value: number): V128 => f32x4.const(value);
export const bits = (value: number): V128 => i32x4.const(value);

/** c₀ + c₁x + c₂x² + … by Horner; x is a variable. */
export const polynomial = (x: V128, coefficients: readonly number[]): V128 =>
  coefficients.slice(0, -1).reduceRight((sum, c) => add(mul(sum, x), f(c)), f(coefficients.at(-1)!));

/** The same as the sum of its even and its odd part: two chains of half the length, for large degrees. */
export function polynomialInHalves(x: V128, square: V128, coefficients: readonly number[]): V128 {
  const half = (parity: number): V128 =>
    polynomial(
      square,
      coefficients.filter((_, k) => k % 2 === parity),
    );
  return add(mul(half(1), x), half(0));
}

/** ln 2 = high − low; `high` has 16 bits, so that its product with an exponent is exact. */
export const ln2 = { high: 0.6931610107421875, low: 1.3830182069796138e-5 };

export const shiftLeft = (x: V128, count: number): V128 => i32x4.shl(x, i32.const(count));
export const shiftRight = (x: V128, count: number): V128 => i32x4.shr_s(x, i32.const(count));

/** 1.5·2²³ and a bias: adding it rounds to an integer n, with whose biased low bits the sum then ends. */
export const rounder = (bias: number): V128 => f(0xc00000 + bias);

/** 2ⁿ·mantissa, n + 254 the end of t, −150 <= n <= 129. 2ⁿ comes in two halves: the second rounds what is subnormal. */
export function scaled(code: Code, mantissa: V128, t: V128): V128 {
  const half = code.let(shiftRight(t, 1));
  return mul(mul(mantissa, shiftLeft(half, 23)), shiftLeft(i32x4.sub(t, half), 23));
}

/** x, and where it is below 2⁻¹²⁶, a pattern of bits with its mantissa and its exponent as if that had no end. */
export const unbounded = (x: V128): V128 =>
  v128.bitselect(i32x4.sub(mul(x, f(2 ** 23)), bits(23 << 23)), x, f32x4.lt(x, f(2 ** -126)));

/** E·2²³ with x = 2ᴱm, √½ <= m < √2, of the bits of x. */
export const exponentOf = (x: V128): V128 => v128.and(i32x4.sub(x, bits(0x3f3504f3)), bits(-0x800000));

const range = (from: number): readonly number[] => Array.from({ length: 8 }, (_, k) => from + k);

/** The lower and the upper two lanes of f32 as f64. */
export const widened = (x: V128): readonly [V128, V128] => [
  f64x2.promote_low_f32x4(x),
  f64x2.promote_low_f32x4(v128.shuffle(x, x, [...range(8), ...range(8)])),
];

/** Four f32 of two pairs of f64. */
export const narrowed = (low: V128, high: V128): V128 =>
  v128.shuffle(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), [...range(0), ...range(16)]);

/** The lower halves of four 64-bit lanes. */
export const lowerWords = (low: V128, high: V128): V128 =>
  v128.shuffle(
    low,
    high,
    [0, 8, 16, 24].flatMap((k) => [k, k + 1, k + 2, k + 3]),
  );

/** {@link polynomial} in f64. */
export const widePolynomial = (x: V128, coefficients: readonly number[]): V128 =>
  coefficients
    .slice(0, -1)
    .reduceRight((sum, c) => f64x2.add(f64x2.mul(sum, x), f64x2.const(c)), f64x2.const(coefficients.at(-1)!));

/** {@link rounder} for f64. */
export const wideRounder = (bias: number): V128 => f64x2.const(1.5 * 2 ** 52 + bias);
