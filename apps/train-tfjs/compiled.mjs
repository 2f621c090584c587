// Training by model.compile and model.fit.
import * as tf from '@tensorflow/tfjs';
import { classifier } from './models.mjs';

/**
 * @param {(yTrue: tf.Tensor, yPred: tf.Tensor) => tf.Tensor} loss what `compileLoss` makes, or a loss of tf.losses
 * @param {(epoch: number, loss: number, accuracy: number) => void} onEpoch accuracy on the test digits
 */
export async function trainCompiled(loss, { train, test }, { epochs, batchSize, onEpoch }) {
  const model = classifier();
  const optimizer = tf.train.adam(0.003);
  model.compile({ optimizer, loss, metrics: ['accuracy'] });
  await model.fit(train.images, train.oneHot, {
    epochs,
    batchSize,
    shuffle: false,
    verbose: 0,
    validationData: [test.images, test.oneHot],
    callbacks: { onEpochEnd: (epoch, { loss, val_acc }) => onEpoch(epoch + 1, loss, val_acc) },
  });
  model.dispose();
  optimizer.dispose();
}
