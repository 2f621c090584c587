/**
 * x to a constant power, as JavaScript's `x ** exponent`.
 *
 * Powers that a few multiplications, divisions and square roots give within 2 ULP are made of these. All others are
 * 2^(exponent·log₂|x|) with log₂|x| in two parts of together about 65 bits, as in fdlibm: products are exact because their
 * factors are cut to 21 bits. With f, s of log.ts, log(1 + f) = ⅔s(3 + s² + r), r = s⁴·q(s²); q by Remez's algorithm
 * (scripts/f64-minimax.py), error 2^-72.
 */
import { type Code, f64x2, type Local, type V128, v128 } from '../../assembler/index.ts';
import { abs, add, bits, constant, div, evenOdd, mul, signBit, sub, withSign } from './common.ts';
import { expOfReduced, productBias, rhoOf, splitInteger } from './exp.ts';
import { beyond, split } from './log.ts';

const q = [
  0.5999999999999996, 0.4285714285716767, 0.3333333332630469, 0.27272728305471766, 0.2307683530651677,
  0.20004476128215667, 0.1751222775167291, 0.17983519978335957,
];

/** 2/(3·ln 2) and ln 2: all, its first 32 bits, and the rest. */
const cp = 0.9617966939259756;
const cpHigh = 0.9617966937366873;
const cpLow = 1.8928830231719995e-10;
const ln2High = 0.6931471803691238;
const ln2Low = 1.9082149292705877e-10;

const highHalf = 0xffffffff00000000n;
const cut = (code: Code, x: V128): Local<'v128'> => code.let(v128.and(x, bits(highHalf)));

/** k + log₂(1 + f), `high` of 21 bits. */
function log2(code: Code, k: Local<'v128'>, f: Local<'v128'>) {
  const divisor = code.let(add(f, constant(2)));
  const inverse = code.let(div(constant(1), divisor));
  const s = code.let(mul(f, inverse));
  // s = sHigh + sLow, by the remainder of the division.
  const divisorHigh = cut(code, divisor);
  const divisorLow = sub(f, sub(divisorHigh, constant(2)));
  const sHigh = cut(code, s);
  const sLow = code.let(mul(inverse, sub(sub(f, mul(sHigh, divisorHigh)), mul(sHigh, divisorLow))));
  // 3 + s² + r = sumHigh + sumLow
  const square = code.let(mul(s, s));
  const r = code.let(add(mul(mul(square, square), evenOdd(code, square, q)), mul(sLow, add(sHigh, s))));
  const squareHigh = code.let(mul(sHigh, sHigh));
  const sumHigh = cut(code, add(add(constant(3), squareHigh), r));
  const sumLow = sub(r, sub(sub(sumHigh, constant(3)), squareHigh));
  // Their product, and that with cp.
  const u = code.let(mul(sHigh, sumHigh));
  const v = code.let(add(mul(sLow, sumHigh), mul(sumLow, s)));
  const productHigh = cut(code, add(u, v));
  const productLow = sub(v, sub(productHigh, u));
  const zHigh = code.let(mul(productHigh, constant(cpHigh)));
  const zLow = code.let(add(mul(productHigh, constant(cpLow)), mul(productLow, constant(cp))));
  const high = cut(code, add(add(zHigh, zLow), k));
  return { high, low: sub(zLow, sub(sub(high, k), zHigh)) };
}

function general(code: Code, x: Local<'v128'>, exponent: number): V128 {
  const { k, f } = split(code, x);
  const { high, low } = log2(code, k, f);
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, exponent);
  view.setUint32(4, 0);
  const exponentHigh = view.getFloat64(0);
  // Both are clamped to where the result is 0 or ∞ anyway, and the exponent of 2 still fits.
  const clamp = (value: V128, limit: number) =>
    code.let(f64x2.pmax(f64x2.pmin(value, constant(limit)), constant(-limit)));
  const end = exponent > 0 ? beyond(x, 0) : f64x2.neg(beyond(x, 0));
  const yHigh = clamp(add(mul(high, constant(exponentHigh)), end), 2000);
  const yLow = clamp(add(mul(high, constant(exponent - exponentHigh)), mul(low, constant(exponent))), 1);
  // 2^(yHigh + yLow) = 2^n·e^r
  const { k: n, whole } = splitInteger(code, add(yHigh, yLow), productBias);
  const fraction = code.let(sub(yHigh, whole));
  const t = cut(code, add(fraction, yLow));
  const rHigh = code.let(mul(t, constant(ln2High)));
  const rLow = code.let(add(mul(sub(yLow, sub(t, fraction)), constant(Math.LN2)), mul(t, constant(ln2Low))));
  const r = code.let(add(rHigh, rLow));
  return expOfReduced(code, { k: n, high: rHigh, low: f64x2.neg(rLow), r, rho: rhoOf(code, r) });
}

/** Largest error found: 1.12 ULP where general, 1.93 of those by multiplications and roots. */
export function pow(code: Code, value: V128, exponent: number): V128 {
  if (exponent === 0) return constant(1);
  if (Number.isNaN(exponent)) return constant(Number.NaN);
  const x = code.let(value);
  const squared = () => code.let(mul(x, x));
  const inverse = (a: V128) => div(constant(1), a);
  switch (exponent) {
    case 1:
      return x;
    case 2:
      return mul(x, x);
    case 3:
      return mul(mul(x, x), x);
    case 4: {
      const square = squared();
      return mul(square, square);
    }
    case -1:
      return inverse(x);
    case -2: {
      const y = code.let(inverse(x));
      return mul(y, y);
    }
  }
  const size = code.let(abs(x));
  if (!Number.isFinite(exponent)) {
    const zero = exponent > 0 ? f64x2.lt(size, constant(1)) : f64x2.gt(size, constant(1));
    const result = v128.andnot(constant(Number.POSITIVE_INFINITY), zero);
    return v128.or(result, v128.or(f64x2.eq(size, constant(1)), f64x2.ne(x, x)));
  }
  if (Number.isInteger(exponent)) {
    const result = general(code, size, exponent);
    return exponent % 2 === 0 ? result : withSign(result, x);
  }
  // −∞ is as ∞, −0 as 0; all else below 0 is NaN.
  const infinite = f64x2.eq(x, constant(Number.NEGATIVE_INFINITY));
  const base = code.let(add(v128.xor(x, v128.and(infinite, bits(signBit))), constant(0)));
  switch (exponent) {
    case 0.25:
      return f64x2.sqrt(f64x2.sqrt(base));
    case 0.5:
      return f64x2.sqrt(base);
    case 0.75: {
      // x / x^¼, which would be NaN where x is 0 or ∞.
      const quarter = f64x2.sqrt(f64x2.sqrt(base));
      return div(base, f64x2.pmin(f64x2.pmax(quarter, constant(2 ** -300)), constant(2 ** 300)));
    }
    case 1.5:
      return mul(base, f64x2.sqrt(base));
    case 2.5:
      return mul(mul(base, base), f64x2.sqrt(base));
    case -0.5:
      return inverse(f64x2.sqrt(base));
    case -1.5:
      return div(inverse(f64x2.sqrt(base)), base);
  }
  return general(code, base, exponent);
}
