// The networks. Weights start the same in every run, so that only the loss makes the difference.
import * as tf from '@tensorflow/tfjs';
import { classes, pixels } from './digits.mjs';

const dense = (units, seed, more) =>
  tf.layers.dense({ units, kernelInitializer: tf.initializers.glorotUniform({ seed }), ...more });

/** Logits of the ten digits: no softmax at the end, since the losses take logits. */
export const classifier = () =>
  tf.sequential({ layers: [dense(64, 1, { activation: 'relu', inputShape: [pixels] }), dense(classes, 2)] });

/** A digit as 32 numbers, whose direction is to tell what digit it is. */
export const encoder = () =>
  tf.sequential({ layers: [dense(64, 1, { activation: 'relu', inputShape: [pixels] }), dense(32, 2)] });
