import { type Code, f32x4, i32x4, type V128, v128 } from '../../assembler/index.ts';
import { bits, exponentOf, f, ln2, polynomialInHalves, shiftRight, unbounded } from './shared.ts';

const { add, sub, mul, eq, lt } = f32x4;
const { and, andnot, or, bitselect } = v128;

/**
 * Coefficients of p in log(1 + f) = f − ½f² + f³·p(f), √½ <= 1 + f <= √2; relative error 2⁻²⁷·³:
 * scripts/f32-minimax.py, log.
 */
const logRest = [
  0.3333333134651184, -0.2500081956386566, 0.2000124156475067, -0.1662341058254242, 0.14201585948467255,
  -0.13159599900245667, 0.12762144207954407, -0.07636356353759766,
];

/** −½f² + f³·p(f). */
function rest(code: Code, g: V128): V128 {
  const square = code.let(mul(g, g));
  return sub(mul(mul(square, g), polynomialInHalves(g, square, logRest)), mul(square, f(0.5)));
}

/**
 * log x, error <= 0.91 ULP. x = 2ᵉ(1 + f), and e ln 2 + f keeps its rounding error.
 */
export function log(code: Code, x: V128): V128 {
  const i = code.let(unbounded(x));
  const exponent = code.let(exponentOf(i));
  const g = code.let(sub(i32x4.sub(i, exponent), f(1)));
  const e = code.let(f32x4.convert_i32x4_s(shiftRight(exponent, 23)));
  const large = code.let(mul(e, f(ln2.high)));
  const sum = code.let(add(large, g));
  const low = add(sub(g, sub(sum, large)), sub(rest(code, g), mul(e, f(ln2.low))));
  const result = or(add(sum, low), lt(x, f(0)));
  return add(add(result, and(eq(x, f(0)), f(-Infinity))), andnot(x, lt(x, f(Infinity))));
}

/**
 * log(1 + x), error <= 0.96 ULP. u = 1 + x = 2ᵉm, whose rounding error c/2ᵉ joins the small terms. Signs are arranged so
 * that log1p(−0) = −0.
 */
export function log1p(code: Code, x: V128): V128 {
  const u = code.let(add(x, f(1)));
  const lost = sub(x, sub(u, f(1)));
  const exponent = code.let(exponentOf(u));
  const scale = i32x4.max_s(i32x4.sub(f(1), exponent), bits(0));
  const c = code.let(mul(lost, scale));
  const minusHead = code.let(sub(f(1), i32x4.sub(u, exponent)));
  const g = code.let(sub(c, minusHead));
  const e = code.let(f32x4.convert_i32x4_s(shiftRight(exponent, 23)));
  const large = code.let(mul(e, f(ln2.high)));
  const minusSum = code.let(sub(minusHead, large));
  const low = add(c, sub(sub(rest(code, g), mul(e, f(ln2.low))), sub(minusHead, add(minusSum, large))));
  const result = or(sub(low, minusSum), lt(u, f(0)));
  return bitselect(sub(result, and(eq(u, f(0)), f(Infinity))), x, lt(x, f(Infinity)));
}
