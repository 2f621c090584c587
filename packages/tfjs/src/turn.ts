import type { TensorFlow, TfTensor } from './tensorflow.ts';

/** π/2 in parts, of which small multiples are exact, and the polynomials of Cephes for [−π/4, π/4]. */
const quarter = [1.5703125, 4.837512969970703e-4, 7.549533620476723e-8, 2.5633440682570896e-12];
const sine = [-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1];
const cosine = [2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2, -0.5];

const composed =
  (ahead: 0 | 1) =>
  (tf: TensorFlow, x: TfTensor): TfTensor => {
    const turns = tf.floor(tf.add(tf.mul(x, 2 / Math.PI), 0.5));
    const angle = quarter.reduce((left, part) => tf.sub(left, tf.mul(turns, part)), x);
    const squared = tf.mul(angle, angle);
    const polynomial = ([first, ...rest]: readonly number[]): TfTensor =>
      tf.mul(
        squared,
        rest.reduce<TfTensor>((sum, c) => tf.add(tf.mul(sum, squared), c), tf.scalar(first!)),
      );
    const sin = tf.add(angle, tf.mul(angle, polynomial(sine)));
    const cos = tf.add(polynomial(cosine), 1);
    // sin x is sin, cos, −sin, −cos of the angle in turn; cos x is a quarter ahead.
    const phase = tf.add(turns, ahead);
    const modulo = (n: number) => tf.sub(phase, tf.mul(tf.floor(tf.div(phase, n)), n));
    const size = tf.where(tf.equal(modulo(2), 1), cos, sin);
    return tf.where(tf.less(modulo(4), 2), size, tf.neg(size));
  };

/** For backends whose own kernels lose what is small: within 2 ULP within a turn, good up to some thousand. */
export const composedSin = composed(0);
export const composedCos = composed(1);
