/**
 * sigmoid, tanh, softplus. Coefficients by scripts/f64-minimax.py. k, r and ρ are those of exp.ts.
 */
import { type Code, f64x2, i32, i64x2, type V128, v128 } from '../../assembler/index.ts';
import { abs, add, bits, constant, div, fastTwoSum, horner, mul, negativeAbs, sub, withSign } from './common.ts';
import { bounded, expm1OfReduced, powerOfTwo, productBias, reduce } from './exp.ts';
import { logOfParts } from './log.ts';

/**
 * 1/(1 + e⁻ˣ). With e⁻ˣ = h·t·(1 + m), h and t powers of two, it is h⁻¹/(h⁻¹ + t + t·m): nothing over- or underflows
 * before the division, and h⁻¹ + t is exact, except where t·m is added to what one of them doesn't have of the other.
 *
 * Largest error found: 1.68 ULP.
 */
export function sigmoid(code: Code, x: V128): V128 {
  const reduced = reduce(code, code.let(f64x2.neg(bounded(code, x))), productBias);
  const { half, rest } = powerOfTwo(code, reduced);
  const inverse = code.let(i64x2.sub(bits(2046n << 52n), half));
  const sum = code.let(add(rest, inverse));
  const lost = sub(inverse, sub(sum, rest));
  return div(inverse, add(sum, add(lost, mul(rest, expm1OfReduced(code, reduced)))));
}

/** (tanh x / x − 1)/x², of x², as a quotient; error 2^-59. */
const tanhNumerator = [-1612.769385069851, -99.19480690746374, -0.9643627048534765];
const tanhDenominator = [4838.308155209553, 2232.907682806208, 112.71103134615599, 1];

/**
 * Up to 0.55, |x| + |x|³ times a quotient of polynomials. Above, 1 − 2/(1 + e^2|x|), where e^2|x| is
 * t(2 + ρ + r)/(2 + ρ − r), t = 2^k: one division for both.
 *
 * Largest error found: 1.77 ULP.
 */
export function tanh(code: Code, value: V128): V128 {
  const x = code.let(value);
  const size = code.let(f64x2.pmin(abs(x), constant(20)));
  const square = code.let(mul(size, size));
  const near = mul(mul(square, size), horner(square, tanhNumerator));
  const reduced = reduce(code, code.let(add(size, size)), 1023);
  const t = i64x2.shl(reduced.k, i32.const(52));
  const rho = code.let(reduced.rho);
  const minus = code.let(sub(constant(2), sub(reduced.r, rho)));
  const far = mul(constant(-2), minus);
  const farDenominator = add(minus, mul(t, add(constant(2), add(rho, reduced.r))));
  const isFar = code.let(f64x2.gt(size, constant(0.55)));
  const quotient = div(
    v128.bitselect(far, near, isFar),
    v128.bitselect(farDenominator, horner(square, tanhDenominator), isFar),
  );
  return withSign(add(v128.bitselect(constant(1), size, isFar), quotient), x);
}

/**
 * log(1 + eˣ) = max(x, 0) + log(1 + f), f = e^−|x|. 1 + f is 2(1 + (f − 1)/2) above √2.
 *
 * Largest error found: 1.50 ULP.
 */
export function softplus(code: Code, value: V128): V128 {
  const x = code.let(value);
  const reduced = reduce(code, code.let(f64x2.pmax(negativeAbs(x), constant(-1000))), productBias);
  const { half, rest } = powerOfTwo(code, reduced);
  const power = code.let(mul(half, rest));
  const { sum: f, error } = fastTwoSum(code, power, code.let(mul(power, expm1OfReduced(code, reduced))));
  const large = code.let(f64x2.gt(f, constant(Math.SQRT2 - 1)));
  const k = code.let(v128.and(large, constant(1)));
  const scale = code.let(sub(constant(1), v128.and(large, constant(0.5))));
  return logOfParts(code, k, code.let(mul(sub(f, k), scale)), mul(error, scale), f64x2.pmax(x, constant(0)));
}
