import { type Code, f64x2, i64x2, type Local, type V128, v128 } from '../../assembler/index.ts';

export const { abs, add, sub, mul, div } = f64x2;

export const constant = (value: number): V128 => f64x2.const(value);

/** Both lanes the same 64 bits. */
export const bits = (pattern: bigint): V128 => i64x2.const(pattern);

export const signBit = 0x8000000000000000n;

/** `y` with the sign of `x`, where the sign of `y` is + or that of `x` already. */
export const withSign = (y: V128, x: V128): V128 => v128.or(y, v128.and(x, bits(signBit)));

/** −|x|. */
export const negativeAbs = (x: V128): V128 => v128.or(x, bits(signBit));

/** c₀ + x(c₁ + x(c₂ + …)). */
export const horner = (x: Local<'v128'>, coefficients: readonly number[]): V128 =>
  coefficients.slice(0, -1).reduceRight((rest, c) => add(mul(rest, x), constant(c)), constant(coefficients.at(-1)!));

/** The same, of odd and even powers apart: a shorter chain of operations that wait for each other. */
export function evenOdd(code: Code, x: Local<'v128'>, coefficients: readonly number[]): V128 {
  const square = code.let(mul(x, x));
  const [even, odd] = [0, 1].map((parity) =>
    horner(
      square,
      coefficients.filter((_, k) => k % 2 === parity),
    ),
  ) as [V128, V128];
  return add(even, mul(x, odd));
}

/** a + b = sum + error exactly, where |a| >= |b| or a = 0 (Dekker). */
export function fastTwoSum(code: Code, a: Local<'v128'>, b: Local<'v128'>) {
  const sum = code.let(add(a, b));
  return { sum, error: sub(b, sub(sum, a)) };
}
