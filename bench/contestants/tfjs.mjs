// On tensors of TensorFlow.js that stay where they are: our `tfLoss` beside its own `tf.losses`, both on tfjs-node.
import { tfLoss } from '@isoloss/tfjs';
import { loadTfjsNode, TfjsNodeUnavailableError, tfjsNodeStatus } from '@isoloss/tfjs/node';
import * as tf from '@tensorflow/tfjs-core';
import { timed } from '../run/measure.mjs';
import { NotOffered } from './contestant.mjs';

async function start() {
  try {
    await loadTfjsNode();
    await tf.setBackend('tensorflow');
    const { version, tensorflow } = await tfjsNodeStatus();
    return `tfjs-node ${version}, TensorFlow ${tensorflow}`;
  } catch (error) {
    throw error instanceof TfjsNodeUnavailableError ? new NotOffered(error.message) : error;
  }
}

/**
 * The losses that `tf.losses` has, as functions of our inputs. Its mean is SUM_BY_NONZERO_WEIGHTS with weight 1.
 * Arguments that it wants in another form (labels one-hot, 0 and 1 for signs) are made once, outside the time.
 */
const library = {
  l1: { call: ({ input, target }) => tf.losses.absoluteDifference(target, input) },
  mse: { call: ({ input, target }) => tf.losses.meanSquaredError(target, input) },
  huber: { call: ({ input, target }, { delta }) => tf.losses.huberLoss(target, input, 1, delta) },
  hinge: {
    made: ({ target }) => ({ target: tf.div(tf.add(target, 1), 2) }),
    call: ({ input, target }) => tf.losses.hingeLoss(target, input),
  },
  bce: { call: ({ input, target }) => tf.losses.logLoss(target, input) },
  bceWithLogits: { call: ({ input, target }) => tf.losses.sigmoidCrossEntropy(target, input) },
  crossEntropy: {
    made: ({ input, target }) =>
      input.rank === 2 ? { target: tf.oneHot(target, input.shape[1], 1, 0, 'float32') } : undefined,
    call: ({ input, target }) => tf.losses.softmaxCrossEntropy(target, input),
  },
};

/** One contestant of either face: `functionOf(case, tensors)` gives the loss as a function of the trained inputs. */
async function onTensors(id, ours, functionOf) {
  const runtime = await start();
  return {
    id,
    runtime,
    ours,
    async prepare(one) {
      if (one.dtype !== 'float32') throw new NotOffered(`TensorFlow.js has no ${one.dtype}`);
      await tf.setBackend('tensorflow');
      const tensors = Object.fromEntries(
        Object.entries(one.inputs).map(([name, { data, shape, dtype }]) => [name, tf.tensor(data, shape, dtype)]),
      );
      const dispose = () => tf.dispose(tensors);
      const loss = functionOf(one, tensors);
      if (loss === undefined) {
        dispose();
        throw new NotOffered('tf.losses has no such loss');
      }
      const trained = one.gradients.map((name) => tensors[name]);
      const call = (...given) => loss(Object.fromEntries(one.gradients.map((name, k) => [name, given[k]])));
      const valueAndGrads = tf.valueAndGrads(call);
      // Kernels of tfjs-node run when called; reading the value is what a training loop does.
      const run = {
        forward: () => tf.tidy(() => call(...trained).dataSync()),
        gradient: () =>
          tf.tidy(() => {
            const { value, grads } = valueAndGrads(trained);
            value.dataSync();
            return grads.length;
          }),
      };
      return {
        async outputs() {
          return tf.tidy(() => {
            const { value, grads } = valueAndGrads(trained);
            const arrays = grads.map((grad, k) => [one.gradients[k], grad.dataSync()]);
            return { value: value.dataSync()[0], gradients: Object.fromEntries(arrays) };
          });
        },
        async time(mode, repeat) {
          if (tf.getBackend() !== 'tensorflow') await tf.setBackend('tensorflow');
          return timed(run[mode], repeat);
        },
        dispose,
      };
    },
  };
}

export const tfLosses = (id) =>
  onTensors(id, false, ({ loss }, tensors) => {
    const entry = library[loss.id];
    if (entry === undefined) return undefined;
    const made = entry.made === undefined ? {} : tf.tidy(() => entry.made(tensors));
    if (made === undefined) return undefined;
    for (const name of Object.keys(made)) tensors[name].dispose();
    Object.assign(tensors, made);
    return (given) => entry.call({ ...tensors, ...given }, loss.options);
  });

export const tfLossFace = (id) =>
  onTensors(id, true, ({ loss }, tensors) => {
    const face = tfLoss(tf, loss);
    return (given) => face({ ...tensors, ...given });
  });
