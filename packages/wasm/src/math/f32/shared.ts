import { f32x4, i32, i32x4, type V128 } from '../../assembler/index.ts';

const { add, mul } = f32x4;

export const f = (value: number): V128 => f32x4.const(value);
export const bits = (value: number): V128 => i32x4.const(value);

/** c₀ + c₁x + c₂x² + … by Horner; x is a variable. */
export function polynomial(x: V128, coefficients: readonly number[]): V128 {
  const rest = [...coefficients];
  let sum = f(rest.pop()!);
  while (rest.length > 0) sum = add(mul(sum, x), f(rest.pop()!));
  return sum;
}

/** ln 2 = high − low; `high` has 16 bits, so that its product with an exponent is exact. */
export const ln2 = { high: 0.6931610107421875, low: 1.3830182069796138e-5 };

export const shiftLeft = (x: V128, count: number): V128 => i32x4.shl(x, i32.const(count));
export const shiftRight = (x: V128, count: number): V128 => i32x4.shr_s(x, i32.const(count));

/** 1.5·2²³ and a bias: adding it rounds to an integer n, with whose biased low bits the sum then ends. */
export const rounder = (bias: number): V128 => f(0xc00000 + bias);
