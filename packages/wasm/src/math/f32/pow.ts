import { type Code, f32x4, f64x2, i32x4, type V128, v128 } from '../../assembler/index.ts';
import { expRest, squareTimes } from './exp.ts';
import {
  exponentOf,
  f,
  lowerWords,
  narrowed,
  scaled,
  shiftRight,
  unbounded,
  widened,
  widePolynomial,
  wideRounder,
} from './shared.ts';

const { abs, add, sub, mul, div, sqrt, eq, lt, gt } = f32x4;
const { and, or, bitselect } = v128;

/** Coefficients of p in log₂((1 + s)/(1 − s)) = s·p(s²); relative error 2⁻³⁶: scripts/f32-minimax.py, pow. */
const quotientLog = [
  2.8853900817901312, 0.9617966732884907, 0.5770835939395098, 0.41167224242128014, 0.34073797377123416,
];

/** Powers by products and roots, which are all the shorter: error <= 1.97 ULP, but 2.31 for 0.75. */
const products = new Map<number, (code: Code, x: V128) => V128>([
  [0, () => f(1)],
  [1, (_, x) => x],
  [2, (_, x) => mul(x, x)],
  [3, (_, x) => mul(mul(x, x), x)],
  [0.25, (_, x) => sqrt(sqrt(x))],
  [0.5, (_, x) => sqrt(x)],
  [0.75, (code, x) => times(code, sqrt(x), (root) => mul(root, sqrt(root)))],
  [1.5, (_, x) => mul(x, sqrt(x))],
  [2.5, (_, x) => mul(mul(x, x), sqrt(x))],
  [-1, (_, x) => div(f(1), x)],
  [-2, (code, x) => times(code, div(f(1), x), (inverse) => mul(inverse, inverse))],
  [-0.25, (_, x) => div(f(1), sqrt(sqrt(x)))],
  [-0.5, (_, x) => div(f(1), sqrt(x))],
  [-1.5, (_, x) => div(sqrt(div(f(1), x)), x)],
]);

const times = (code: Code, value: V128, use: (bound: V128) => V128): V128 => use(code.let(value));

/**
 * x to a constant power as JavaScript's `**`. Products and roots where they do, error <= 2.31 ULP; else 2^(exponent·log₂|x|)
 * with the logarithm in f64, error about 1 ULP (0.983 over every 251st input).
 */
export function pow(code: Code, x: V128, exponent: number): V128 {
  if (Number.isNaN(exponent)) return f(NaN);
  const product = products.get(exponent);
  if (product !== undefined) return product(code, Number.isInteger(exponent) ? x : code.let(rootable(x)));
  const size = code.let(abs(x));
  const inside = code.let(and(gt(size, f(0)), lt(size, f(Infinity))));
  // 0 and ∞ stay, or change places (∞ less 0, ∞ less ∞, in their bits); NaN stays NaN.
  const outside = exponent > 0 ? size : i32x4.sub(f(Infinity), size);
  const result = bitselect(power(code, size, exponent), outside, inside);
  if (!Number.isFinite(exponent)) return or(result, eq(size, f(1)));
  if (!Number.isInteger(exponent)) return or(result, and(lt(x, f(0)), inside));
  return exponent % 2 === 0 ? result : or(result, and(x, f(-0)));
}

/** −∞ and −0 without their sign: `**` has it so for exponents that are not whole. Other negative numbers stay. */
const rootable = (x: V128): V128 => bitselect(f(Infinity), add(x, f(0)), eq(x, f(-Infinity)));

/** size^exponent, size > 0 and finite. */
function power(code: Code, size: V128, exponent: number): V128 {
  // Beyond 2⁶⁰ every size but 1 has overflowed.
  const y = Math.max(-(2 ** 60), Math.min(2 ** 60, exponent));
  const i = code.let(unbounded(size));
  const part = code.let(exponentOf(i));
  const g = code.let(sub(i32x4.sub(i, part), f(1)));
  const e = code.let(f32x4.convert_i32x4_s(shiftRight(part, 23)));
  const wholes = widened(e);
  const halves = widened(g).map((half, k) => {
    const numerator = code.let(half);
    const s = code.let(f64x2.div(numerator, f64x2.add(numerator, f64x2.const(2))));
    const square = code.let(f64x2.mul(s, s));
    const fraction = f64x2.mul(
      widePolynomial(
        square,
        quotientLog.map((c) => c * y),
      ),
      s,
    );
    const log = f64x2.add(fraction, f64x2.mul(wholes[k]!, f64x2.const(y)));
    const inRange = code.let(f64x2.pmax(f64x2.pmin(log, f64x2.const(129)), f64x2.const(-151)));
    const t = code.let(f64x2.add(inRange, wideRounder(254)));
    const r = f64x2.mul(f64x2.sub(inRange, f64x2.sub(t, wideRounder(254))), f64x2.const(Math.LN2));
    return { t, r };
  });
  const [low, high] = [halves[0]!, halves[1]!];
  const r = code.let(narrowed(low.r, high.r));
  const t = code.let(lowerWords(low.t, high.t));
  return scaled(code, add(add(squareTimes(r, expRest), r), f(1)), t);
}
