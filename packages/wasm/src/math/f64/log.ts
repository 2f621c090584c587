/**
 * log x and log(1 + x).
 *
 * 1 + x = 2^k·(1 + f) with 1 + f in [√½, √2), and log(1 + f) = f − (f²/2 − s(f²/2 + R)), where s = f/(2 + f) and
 * R = s²·r(s²): the form of fdlibm. r by Remez's algorithm (scripts/f64-minimax.py), error 2^-58.
 */
import { type Code, f64x2, i32, i64x2, type Local, type V128, v128 } from '../../assembler/index.ts';
import { add, bits, constant, div, fastTwoSum, horner, mul, sub, withSign } from './common.ts';
import { ln2High, ln2Low } from './exp.ts';

const r = [
  0.6666666666666734, 0.3999999999941432, 0.28571428742474836, 0.2222219856349005, 0.18183564866433846,
  0.1531403584136718, 0.14796105380294652,
];

const one = 0x3ff0000000000000n;
/** √½, rounded to what makes the sum of it and the mantissa's bits cheap. */
const rootHalf = 0x3fe6a09e00000000n;
const mantissa = 0x000fffffffffffffn;

/** Positive normal x = 2^k·m, m in [√½, √2): `shifted` has k + 1023 where exponents stand. */
const shiftExponent = (code: Code, x: V128): Local<'v128'> => code.let(i64x2.add(x, bits(one - rootHalf)));
const exponentOf = (shifted: V128): V128 =>
  sub(v128.or(i64x2.shr_u(shifted, i32.const(52)), constant(2 ** 52)), constant(2 ** 52 + 1023));
const mantissaOf = (shifted: V128): V128 => i64x2.add(v128.and(shifted, bits(mantissa)), bits(rootHalf));

/** k and f of positive finite x. */
export function split(code: Code, x: Local<'v128'>) {
  const subnormal = code.let(f64x2.lt(x, constant(2 ** -1022)));
  const shifted = shiftExponent(code, v128.bitselect(mul(x, constant(2 ** 54)), x, subnormal));
  return {
    k: code.let(sub(exponentOf(shifted), v128.and(subnormal, constant(54)))),
    f: code.let(sub(mantissaOf(shifted), constant(1))),
  };
}

/** Added to k, it makes the result what log has beyond its domain, and at its ends. 0 where low < x < ∞. */
export const beyond = (x: Local<'v128'>, low: number): V128 =>
  v128.or(
    v128.or(v128.andnot(x, f64x2.lt(x, constant(Number.POSITIVE_INFINITY))), f64x2.lt(x, constant(low))),
    v128.and(constant(Number.NEGATIVE_INFINITY), f64x2.eq(x, constant(low))),
  );

/** k·ln 2 + log(1 + f) + small + more, where small is below one ULP of f. */
export function logOfParts(code: Code, k: Local<'v128'>, f: Local<'v128'>, small?: V128, more?: V128): V128 {
  const s = code.let(div(f, add(f, constant(2))));
  const z = code.let(mul(s, s));
  const half = code.let(mul(mul(f, f), constant(0.5)));
  const low = mul(k, constant(ln2Low));
  const inner = add(mul(s, add(half, mul(z, horner(z, r)))), small === undefined ? low : add(low, small));
  const rest = sub(sub(half, inner), f);
  return sub(mul(k, constant(ln2High)), more === undefined ? rest : sub(rest, more));
}

/** Largest error found: 0.86 ULP. */
export function log(code: Code, value: V128): V128 {
  const x = code.let(value);
  const { k, f } = split(code, x);
  return logOfParts(code, code.let(add(k, beyond(x, 0))), f);
}

/** Largest error found: 0.91 ULP. */
export function log1p(code: Code, value: V128): V128 {
  const x = code.let(value);
  // 1 + x = u + error exactly (Knuth).
  const u = code.let(add(x, constant(1)));
  const other = code.let(sub(u, constant(1)));
  const error = add(sub(constant(1), sub(u, other)), sub(x, other));
  const shifted = shiftExponent(code, u);
  const inverse = i64x2.sub(bits(2046n << 52n), v128.andnot(shifted, bits(mantissa)));
  // Far above 1, where u's error doesn't count, 2^-k may be no f64.
  const scaled = code.let(v128.and(mul(error, inverse), f64x2.lt(x, constant(2 ** 100))));
  const { sum: f, error: rest } = fastTwoSum(code, code.let(sub(mantissaOf(shifted), constant(1))), scaled);
  const k = code.let(add(exponentOf(shifted), beyond(x, -1)));
  return withSign(logOfParts(code, k, f, rest), x);
}
