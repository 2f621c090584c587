// How good a network is, on digits that it has not seen.
import * as tf from '@tensorflow/tfjs';

/** The share of digits whose largest score, of a tensor (N, classes), is that of their label. */
export const accuracy = (scores, labels) =>
  tf.tidy(() => tf.mean(tf.cast(tf.equal(tf.argMax(scores, 1), labels), 'float32')).dataSync()[0]);

/** The cosine of each embedding with the mean embedding of each class among `known`: scores (N, classes). */
export const similarityToMeans = (embeddings, known, knownOneHot) =>
  tf.tidy(() => tf.matMul(unit(embeddings), unit(tf.matMul(knownOneHot, unit(known), true, false)), false, true));

const unit = (rows) => tf.div(rows, tf.norm(rows, 'euclidean', 1, true));
