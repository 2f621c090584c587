// Training by a loop of one's own: any loss, with any inputs.
import * as tf from '@tensorflow/tfjs';

/**
 * Minimizes `loss(batch)`, a function of a batch's `images`, `labels` and `oneHot`, over the weights that it uses.
 *
 * @param {(batch: import('./digits.mjs').Digits) => tf.Scalar} loss
 * @param {(epoch: number, loss: number) => void} onEpoch is given the mean loss of the epoch's batches
 */
export async function trainLoop(loss, train, { epochs, batchSize, onEpoch }) {
  const optimizer = tf.train.adam(0.003);
  const batches = inBatches(train, batchSize);
  for (let epoch = 1; epoch <= epochs; epoch++) {
    let sum = 0;
    for (const batch of batches) {
      const cost = optimizer.minimize(() => loss(batch), true);
      sum += (await cost.data())[0];
      cost.dispose();
    }
    onEpoch(epoch, sum / batches.length);
  }
  tf.dispose(batches);
  optimizer.dispose();
}

/** Once, before the first epoch: a slice of a large tensor is slow on the wasm backend, which copies all of it. */
function inBatches(digits, size) {
  const parts = Object.entries(digits).map(([name, tensor]) => [name, tf.split(tensor, tensor.shape[0] / size)]);
  return parts[0][1].map((_, k) => Object.fromEntries(parts.map(([name, slices]) => [name, slices[k]])));
}
