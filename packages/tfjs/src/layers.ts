import { type DType, type Loss, makeLoss, resolveInputs, UnsupportedError } from '@isoloss/core';
import { type TfInputs, tfLoss } from './loss.ts';
import type { TensorFlow, TfTensor } from './tensorflow.ts';

/** What `model.compile({ loss })` takes. */
export type LayersLoss = (yTrue: TfTensor, yPred: TfTensor) => TfTensor;

/** A label that no number of classes makes legal: its example becomes NaN. */
const illegal = 0x7fffffff;

/**
 * A loss for `model.compile({ loss })` of tfjs-layers: a function of (yTrue, yPred) with the classes last.
 *
 * - Class targets may be one-hot, probabilities (where the loss takes them), or labels, as int32 or float32, of shape (N) or (N, 1).
 *   `model.fit` itself demands targets of the output's shape from every loss but its own, so there only the first two arrive.
 * - A target of shape (N) fits an output of shape (N, 1).
 * - `reduction: 'mean'` (the default) and `'sum'` give a scalar. With `'none'` there is one value for each example, the mean over
 *   its other axes; `classWeight` and `sampleWeight` need that.
 * - A label that is not a whole number or out of range, or a row that is not one-hot where the loss takes labels only, gives NaN.
 *
 * `more` are further inputs of the loss that stay the same, as the weights of the classes; they are not trained.
 *
 * @example
 * model.compile({ optimizer: 'adam', loss: compileLoss(tf, crossEntropy(), { weight: tf.tensor1d([1, 1, 5]) }) });
 * @throws UnsupportedError for a loss that needs more than `input` and `target`: use `tfLoss` with `optimizer.minimize`
 */
export function compileLoss(tf: TensorFlow, loss: Loss, more: TfInputs = {}): LayersLoss {
  const { definition, options } = loss;
  const needed = Object.keys(definition.inputs).filter(
    (name) => !definition.inputs[name]!.optional && more[name] === undefined,
  );
  if (needed.join() !== 'input,target')
    throw new UnsupportedError(
      `${loss.id} takes ${needed.join(', ')}, not input and target: use tfLoss with optimizer.minimize`,
    );
  const own = 'classAxis' in definition.options ? makeLoss(definition, { ...options, classAxis: -1 }) : loss;
  const run = tfLoss(tf, own);
  return (yTrue, yPred) =>
    tf.tidy(() => {
      const value = run({ ...more, input: yPred, target: targetFor(tf, own, more, yTrue, yPred) });
      const rest = Array.from({ length: value.rank - 1 }, (_, axis) => axis + 1);
      return own.options.reduction === 'none' && rest.length > 0 ? tf.mean(value, rest) : value;
    });
}

/** The target as the loss takes it, from the forms in which models give it. */
function targetFor(tf: TensorFlow, loss: Loss, more: TfInputs, yTrue: TfTensor, yPred: TfTensor): TfTensor {
  const [rank, classes] = [yPred.rank, yPred.shape.at(-1)];
  const dtypeAt = (targetRank: number) => targetDType(loss, more, rank, targetRank);
  const column = yTrue.rank === rank && yTrue.shape.at(-1) === 1 && classes !== 1;
  if (column && dtypeAt(rank - 1) === 'int') return toLabels(tf, tf.reshape(yTrue, yPred.shape.slice(0, -1)));
  const dtype = dtypeAt(yTrue.rank);
  if (dtype === 'int') return toLabels(tf, yTrue);
  if (dtype === undefined && yTrue.rank === rank && dtypeAt(rank - 1) === 'int') return fromOneHot(tf, yTrue);
  const float = yTrue.dtype === 'float32' ? yTrue : tf.cast(yTrue, 'float32');
  return dtype === undefined && yTrue.rank === rank - 1 && classes === 1
    ? tf.reshape(float, [...yTrue.shape, 1])
    : float;
}

/** What the loss takes a target of this rank for; undefined if it takes none. */
function targetDType(loss: Loss, more: TfInputs, inputRank: number, targetRank: number): DType | undefined {
  try {
    const others = Object.entries(more).flatMap(([name, tensor]) => (tensor ? [[name, { rank: tensor.rank }]] : []));
    const signature = { ...Object.fromEntries(others), input: { rank: inputRank }, target: { rank: targetRank } };
    return resolveInputs(loss.definition, loss.options, signature).find(({ name }) => name === 'target')?.type.dtype;
  } catch {
    return undefined;
  }
}

function toLabels(tf: TensorFlow, x: TfTensor): TfTensor {
  if (x.dtype === 'int32') return x;
  const labels = tf.cast(x, 'int32');
  return tf.where(tf.equal(tf.cast(labels, 'float32'), x), labels, tf.scalar(illegal, 'int32'));
}

function fromOneHot(tf: TensorFlow, x: TfTensor): TfTensor {
  const count = (where: TfTensor) => tf.sum(tf.cast(where, 'int32'), -1);
  const one = tf.scalar(1, 'int32');
  const float = tf.cast(x, 'float32');
  const hot = tf.logicalAnd(tf.equal(count(tf.equal(float, 1)), one), tf.equal(count(tf.notEqual(float, 0)), one));
  return tf.where(hot, tf.cast(tf.argMax(float, -1), 'int32'), tf.scalar(illegal, 'int32'));
}
