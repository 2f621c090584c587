import { type Code, f32x4, i32x4, type V128 } from '../../assembler/index.ts';
import { f, ln2, polynomial, rounder, shiftLeft, shiftRight } from './shared.ts';

const { add, sub, mul, pmin, pmax } = f32x4;

/** Coefficients of q in eʳ = 1 + r + r²·q(r), |r| <= ½ ln 2; relative error 2⁻²⁸·²: scripts/f32-minimax.py, exp. */
export const expRest = [
  0.4999999403953552, 0.16666516661643982, 0.04166810214519501, 0.008369192481040955, 0.001383890281431377,
];

/**
 * eˣ, error <= 0.99 ULP. n = round(x/ln 2), r = x − n ln 2, eʳ by a polynomial. The factor 2ⁿ comes in two halves,
 * the second of which rounds what is subnormal.
 */
export function exp(code: Code, x: V128): V128 {
  const clamped = code.let(pmax(pmin(x, f(89)), f(-104)));
  const t = code.let(add(mul(clamped, f(Math.LOG2E)), rounder(254)));
  const n = code.let(sub(t, rounder(254)));
  const r = code.let(add(sub(clamped, mul(n, f(ln2.high))), mul(n, f(ln2.low))));
  const y = add(add(mul(mul(r, r), polynomial(r, expRest)), r), f(1));
  const half = code.let(shiftRight(t, 1));
  return mul(mul(y, shiftLeft(half, 23)), shiftLeft(i32x4.sub(t, half), 23));
}
