/**
 * atan x: up to 1, t + t³·n(t²)/d(t²) with t = |x|; above, π/2 less that of 1/|x|. n and d interpolate at Chebyshev's points
 * (scripts/f64-minimax.py), error 2^-60.
 */
import { type Code, f64x2, type V128, v128 } from '../../assembler/index.ts';
import { abs, add, bits, constant, div, horner, mul, signBit, withSign } from './common.ts';

const n = [
  -1715.5587986913665, -4619.303786872565, -4645.158717965884, -2159.6732964635908, -464.9907328416052,
  -40.25993916412486, -0.9152458009232868,
];
const d = [
  5146.6763960741, 16945.917198262152, 21897.30801739488, 14070.427556399241, 4697.668202570514, 774.3809435579295,
  53.4983585282666, 1,
];
/** What π/2 is more than its f64. */
const halfPiLow = 6.123233995736766e-17;

/** Largest error found: 1.68 ULP. */
export function atan(code: Code, value: V128): V128 {
  const x = code.let(value);
  const size = code.let(abs(x));
  const large = code.let(f64x2.gt(size, constant(1)));
  const smaller = f64x2.pmin(size, div(constant(1), size));
  const t = code.let(v128.xor(smaller, v128.and(large, bits(signBit))));
  const z = code.let(mul(t, t));
  const more = div(mul(mul(t, z), horner(z, n)), horner(z, d));
  const low = add(more, v128.and(large, constant(halfPiLow)));
  return withSign(add(v128.and(large, constant(Math.PI / 2)), add(t, low)), x);
}
