import { type Code, f32x4, i32x4, type V128, v128 } from '../../assembler/index.ts';
import { bits, f, ln2, polynomial, polynomialInHalves, rounder, scaled, shiftLeft, shiftRight } from './shared.ts';

const { add, sub, mul, div, pmin, pmax } = f32x4;

/** Coefficients of q in eʳ = 1 + r + r²·q(r), |r| <= ½ ln 2; relative error 2⁻²⁸·²: scripts/f32-minimax.py, exp. */
export const expRest = [
  0.4999999403953552, 0.1666652113199234, 0.041668254882097244, 0.008368661627173424, 0.0013821455650031567,
];

/** The same for ¾ <= eʳ <= 3/2; relative error 2⁻²⁸·⁴: scripts/f32-minimax.py, expm1. */
const expm1Rest = [
  0.5000001788139343, 0.16666573286056519, 0.04165844991803169, 0.008360007777810097, 0.0014642254682257771,
];

/** Coefficients of p in log(1 + t) = t + t²·p(t), 0 <= t <= 1; relative error 2⁻²⁷·⁵: scripts/f32-minimax.py, softplus. */
const unitLogRest = [
  -0.4999993145465851, 0.33330464363098145, -0.24958018958568573, 0.19692102074623108, -0.15344880521297455,
  0.10661128163337708, -0.05745723098516464, 0.020086241886019707, -0.003290468594059348,
];

/** Coefficients of p in tanh x = x + x³·p(x²), |x| <= 0.8; relative error 2⁻²⁸: scripts/f32-minimax.py, tanh. */
const tanhRest = [
  -0.33333298563957214, 0.13332241773605347, -0.0538535974919796, 0.02130652591586113, -0.007414169609546661,
  0.0015870380448177457,
];

/** x = n ln 2 + r, r = high + low; t rounded x/ln 2 and ends with n + bias. */
function reduce(code: Code, x: V128, quotient: V128, bias: number) {
  const t = code.let(add(quotient, rounder(bias)));
  const n = code.let(sub(t, rounder(bias)));
  const high = code.let(sub(x, mul(n, f(ln2.high))));
  const low = code.let(mul(n, f(ln2.low)));
  return { t, high, low, r: code.let(add(high, low)) };
}

const perLn2 = (x: V128): V128 => mul(x, f(Math.LOG2E));

/** r²·q(r). */
export const squareTimes = (r: V128, coefficients: readonly number[]): V128 =>
  mul(mul(r, r), polynomial(r, coefficients));

/** eˣ, error <= 0.99 ULP: x = n ln 2 + r, 2ⁿ eʳ. */
export function exp(code: Code, x: V128): V128 {
  const clamped = code.let(pmax(pmin(x, f(89)), f(-104)));
  const { t, r } = reduce(code, clamped, perLn2(clamped), 254);
  return scaled(code, add(add(squareTimes(r, expRest), r), f(1)), t);
}

/**
 * eˣ, error <= 0.99 ULP where the result is normal and below 2^127.5: beyond, n is −127 or 128, and 2ⁿ written as 0 or ∞.
 */
export function expDecay(code: Code, x: V128): V128 {
  const clamped = code.let(pmax(pmin(x, f(89)), f(-88)));
  const { t, r } = reduce(code, clamped, perLn2(clamped), 127);
  return mul(add(add(squareTimes(r, expRest), r), f(1)), shiftLeft(t, 23));
}

/** eˣ for −104 <= x <= 89, error <= 0.6 ULP: the sum 1 + r keeps its rounding error. */
function fineExp(code: Code, x: V128): V128 {
  const { t, high, low, r } = reduce(code, x, perLn2(x), 254);
  const head = code.let(add(high, f(1)));
  const tail = add(sub(high, sub(head, f(1))), add(squareTimes(r, expRest), low));
  return scaled(code, add(head, tail), t);
}

/**
 * eˣ − 1, error <= 1.08 ULP: 2ⁿ((1 − 2⁻ⁿ + r) + r²q(r)), where the inner sum keeps its rounding error. Signs are
 * arranged so that expm1(−0) = −0.
 */
export function expm1(code: Code, x: V128): V128 {
  const clamped = code.let(pmax(pmin(x, f(89)), f(-18)));
  // Halfway between two n, eʳ is 3/2 or ¾: where 1 − 2⁻ⁿ + r cancels, it leaves a half or a quarter.
  const { t, high, low, r } = reduce(code, clamped, sub(perLn2(clamped), f(Math.log2(1.5) - 0.5)), 126);
  const half = code.let(shiftLeft(t, 23));
  const c = code.let(sub(i32x4.max_s(i32x4.sub(bits(253 << 23), half), bits(0)), f(1)));
  const head = code.let(sub(high, c));
  const y = code.let(sub(head, sub(sub(add(head, c), high), add(squareTimes(r, expm1Rest), low))));
  return mul(add(y, y), half);
}

const minusExpRest = expRest.map((q, k) => (k % 2 === 0 ? q : -q));

/** e⁻ʳ − 1. */
const minusOne = (r: V128): V128 => sub(squareTimes(r, minusExpRest), r);

/** 1/(1 + e⁻ˣ), error <= 2 ULP. With x = n ln 2 + r it is 2ⁿ/(2ⁿ + 1 + (e⁻ʳ − 1)). */
export function sigmoid(code: Code, x: V128): V128 {
  const clamped = code.let(pmax(pmin(x, f(18)), f(-104)));
  const { t, r } = reduce(code, clamped, perLn2(clamped), 254);
  const half = code.let(shiftRight(t, 1));
  const first = code.let(shiftLeft(half, 23));
  const second = code.let(shiftLeft(i32x4.sub(t, half), 23));
  return mul(div(first, add(add(minusOne(r), mul(first, second)), f(1))), second);
}

/** log(1 + x), 0 <= x <= 1, error <= 1 ULP and a little: a polynomial. */
export function log1pUnit(code: Code, x: V128): V128 {
  const square = code.let(mul(x, x));
  return add(mul(square, polynomialInHalves(x, square, unitLogRest)), x);
}

/** log(1 + eˣ) = max(x, 0) + log(1 + t), t = e^−|x|; error <= 1.99 ULP. */
export function softplus(code: Code, x: V128): V128 {
  const t = code.let(fineExp(code, code.let(pmax(v128.or(x, f(-0)), f(-104)))));
  return add(add(squareTimes(t, unitLogRest), pmax(x, f(0))), t);
}

/** tanh x, error <= 1.06 ULP: a polynomial to |x| = 0.8, then 1 − 2/(1 + e^2|x|) as in {@link sigmoid}. */
export function tanh(code: Code, x: V128): V128 {
  const minusSize = code.let(v128.or(x, f(-0)));
  const square = code.let(mul(x, x));
  const small = add(mul(mul(square, minusSize), polynomial(square, tanhRest)), minusSize);
  const twice = code.let(pmax(add(minusSize, minusSize), f(-20)));
  const { t, r } = reduce(code, twice, perLn2(twice), 127);
  const power = code.let(shiftLeft(t, 23));
  const large = sub(div(add(power, power), add(minusOne(r), add(power, f(1)))), f(1));
  return v128.bitselect(x, v128.bitselect(small, large, f32x4.gt(minusSize, f(-0.8))), f(-0));
}
