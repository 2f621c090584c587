import { type Expr, type Operand, where } from '../graph/expr.ts';
import { normalize } from './distances.ts';
import { isLabel, softmaxCrossEntropy } from './labels.ts';

/** −log softmax(scale·z) at the label, where z is the cosines with `own` in the label's place. */
export const marginSoftmax = (cosines: Expr, labels: Expr, scale: Operand, own: Expr): Expr =>
  softmaxCrossEntropy(where(isLabel(labels, cosines), own.expandDims(1), cosines).mul(scale), labels);

/** Cosines with all prototypes, and cos θ and sin θ to the label's own. */
export function angles(input: Expr, prototypes: Expr, labels: Expr): { cosines: Expr; cosine: Expr; sine: Expr } {
  const [x, w] = [normalize(input), normalize(prototypes)];
  const cosines = x.matmul(w.transpose([1, 0]));
  const { toward, away } = chords(x, w.rows(labels));
  return { cosines, cosine: cosines.pick(labels, 1), sine: sineOf(toward, away) };
}

/**
 * ‖x − w‖ = 2·sin ½θ and ‖x + w‖ = 2·cos ½θ of unit vectors, whose product is 2·sin θ: √(1 − cos²) loses half the digits
 * near θ = 0. A row of zeros is taken to stand at a right angle.
 */
export function chords(x: Expr, w: Expr): { toward: Expr; away: Expr } {
  const none = x.square().sum(-1).eq(0).or(w.square().sum(-1).eq(0));
  const length = (between: Expr) => where(none, Math.SQRT2, between.norm(-1));
  return { toward: length(x.sub(w)), away: length(x.add(w)) };
}

/** sin θ from the two chords of an angle. */
export const sineOf = (toward: Expr, away: Expr): Expr => toward.mul(away).mul(0.5);

/** cos(θ + margin) with insightface's fallback beyond π − margin, or, with easyMargin, only where cos θ > 0. */
export function angularMargin(cosine: Expr, sine: Expr, margin: number, easyMargin: boolean): Expr {
  const shifted = cosine.mul(Math.cos(margin)).sub(sine.mul(Math.sin(margin)));
  if (easyMargin) return where(cosine.gt(0), shifted, cosine);
  return where(cosine.gt(Math.cos(Math.PI - margin)), shifted, cosine.sub(margin * Math.sin(margin)));
}

/** (−1)^k·cos(m·θ) − 2k with k = min(⌊m·θ/π⌋, m − 1): cos(m·θ) made monotone. */
export function monotoneCosine(cosine: Expr, m: number): Expr {
  const multiple = chebyshev(cosine, m);
  // θ >= jπ/m where cos θ <= cos(jπ/m): each such j flips the sign and takes 2 off.
  let result = multiple;
  for (let j = 1; j < m; j++) {
    const sign = j % 2 === 0 ? 1 : -1;
    result = where(cosine.le(Math.cos((j * Math.PI) / m)), multiple.mul(sign).sub(2 * j), result);
  }
  return result;
}

/** cos(n·θ) from cos θ, by halves: no angle is taken, and errors grow as n², not exponentially as in steps of one. */
function chebyshev(cosine: Expr, n: number): Expr {
  if (n === 1) return cosine;
  const [half, rest] = [chebyshev(cosine, Math.floor(n / 2)), chebyshev(cosine, Math.ceil(n / 2))];
  return half
    .mul(rest)
    .mul(2)
    .sub(n % 2 === 0 ? 1 : cosine);
}
