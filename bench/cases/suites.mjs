// What is timed together: requests for cases, who takes part, and what is computed. Cases are made one at a time, since
// the inputs of all of them would not fit into memory.
import { catalogue } from '@isoloss/core';
import { oneHot } from './values.mjs';

const elementwise = [
  'l1',
  'mse',
  'huber',
  'smoothL1',
  'hinge',
  'logCosh',
  'gaussianNll',
  'bceWithLogits',
  'sigmoidFocal',
];
/** Where arithmetic, not memory, is what takes the time: a second thread should help. */
const computeBound = [
  'sigmoidFocal',
  'bceWithLogits',
  'asymmetric',
  'softMargin',
  'logCosh',
  'cauchy',
  'welsch',
  'poissonNll',
  'gaussianNll',
  'gammaDeviance',
  'jsDivergence',
  'crossEntropy',
];

const classes = (rows, count) => ({
  loss: 'crossEntropy',
  label: `${rows}x${count}`,
  sizes: { '...': [rows], C: count },
  small: { '...': [Math.min(rows, 32)], C: Math.min(count, 2000) },
});
const voc = { sizes: { '...': [16, 256, 256], C: 21 }, small: { '...': [2, 24, 24], C: 21 }, label: '16x21x256x256' };
const speech = { loss: 'ctc', label: 'T150 B32 C80 S30', sizes: { T: 150, N: 32, C: 80, S: 30 } };

/**
 * Each suite: `cases(n)` are requests for makeCase, `n` the size where the user gives none, `kinds` the contestants.
 */
export const suites = {
  headline: {
    about: 'elementwise losses at 1e7 beside the copy roof, cross entropy, segmentation, ctc, contrastive',
    n: 1e7,
    modes: ['forward', 'gradient'],
    kinds: ['wasm', 'wasm-arrays', 'onnx-node', 'tfjs-node', 'tf.losses', 'onnx-naive', 'torch', 'jax', 'copy'],
    cases: (n) => [
      ...elementwise.map((loss) => ({ loss, n })),
      classes(4096, 1000),
      classes(1024, 32000),
      classes(32, 10),
      { loss: 'crossEntropy', ...voc },
      { loss: 'dice', ...voc, options: { activation: 'softmax' }, values: { target: oneHot() } },
      speech,
      { loss: 'infoNce', n: 1e6 },
    ],
  },
  catalogue: {
    about: 'every loss of the catalogue at about 1e6 elements, forward and gradient together, beside torch',
    n: 1e6,
    modes: ['gradient'],
    kinds: ['wasm', 'torch'],
    cases: (n) => [...catalogue.keys()].map((loss) => ({ loss, n })),
  },
  adapters: {
    about: 'tfLoss beside tf.losses; exported ONNX models beside naive graphs, and beside torch for ctc',
    n: 1e7,
    modes: ['forward', 'gradient'],
    kinds: ['tfLoss', 'tf.losses', 'onnx-model', 'onnx-naive', 'onnx-node', 'torch'],
    cases: (n) => [
      ...['mse', 'bceWithLogits', 'l1', 'huber', 'hinge'].map((loss) => ({ loss, n })),
      classes(4096, 1000),
      speech,
    ],
  },
  threads: {
    about: 'compute-bound losses with one thread and with two',
    n: 1e7,
    modes: ['gradient'],
    kinds: ['wasm', 'torch', 'copy'],
    cases: (n) => computeBound.map((loss) => ({ loss, n })),
  },
};
