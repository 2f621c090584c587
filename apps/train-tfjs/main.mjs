// Five trainings on the same digits, each with another loss. Prints every epoch, draws the curves, checks the results.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { crossEntropy, sigmoidFocal, supCon } from '@isoloss/core';
import { compileLoss, tfLoss } from '@isoloss/tfjs';
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { chart } from './chart.mjs';
import { trainCompiled } from './compiled.mjs';
import { loadDigits } from './digits.mjs';
import { trainLoop } from './loop.mjs';
import { accuracy, similarityToMeans } from './measures.mjs';
import { classifier, encoder } from './models.mjs';

await tf.setBackend('wasm');
const digits = loadDigits({ train: 3000, test: 1000 });
const { train, test } = digits;
const settings = { epochs: 6, batchSize: 50 };
const labelSmoothing = 0.1;
const percent = (share) => `${(100 * share).toFixed(1)}%`;
console.log(`TensorFlow.js ${tf.version_core}, backend ${tf.getBackend()}: 3000 digits to learn from, 1000 held out`);

/** Runs a training, prints its epochs, gives its curves. */
async function run(name, training) {
  console.log(`\n${name}`);
  const start = performance.now();
  const epochs = [];
  await training((epoch, loss, share) => {
    epochs.push({ loss, accuracy: share });
    console.log(`  epoch ${epoch}/${settings.epochs}  loss ${loss.toFixed(4)}  held-out ${percent(share)}`);
  });
  console.log(`  ${((performance.now() - start) / 1000).toFixed(1)} s`);
  return { name, epochs };
}
const compiled = (name, loss) => run(name, (onEpoch) => trainCompiled(loss, digits, { ...settings, onEpoch }));

// 1. model.compile: cross entropy as tf.losses has it, ours, and a focal loss, which tf.losses lacks.
const baseline = await compiled('tf.losses.softmaxCrossEntropy in model.compile', (yTrue, yPred) =>
  tf.losses.softmaxCrossEntropy(yTrue, yPred, 1, labelSmoothing),
);
const smoothed = await compiled('crossEntropy in model.compile', compileLoss(tf, crossEntropy({ labelSmoothing })));
const focal = await compiled('sigmoidFocal in model.compile', compileLoss(tf, sigmoidFocal({ alpha: 0.25, gamma: 2 })));

// 2. A loop of our own: labels are integers as they come, and every fourth is unknown and ignored.
const partial = await run('crossEntropy in a loop, 1/4 of the labels unknown', async (onEpoch) => {
  const model = classifier();
  const loss = tfLoss(tf, crossEntropy({ labelSmoothing, ignoreIndex: -100 }));
  const labels = tf.tensor1d(
    train.labels.dataSync().map((label, k) => (k % 4 === 0 ? -100 : label)),
    'int32',
  );
  await trainLoop(
    (batch) => loss(model.apply(batch.images), batch.labels),
    { images: train.images, labels },
    {
      ...settings,
      onEpoch: (epoch, value) =>
        onEpoch(
          epoch,
          value,
          tf.tidy(() => accuracy(model.apply(test.images), test.labels)),
        ),
    },
  );
  tf.dispose([model, labels]);
});

// 3. An embedding, not a classifier: digits of a class are drawn together; a new digit is of the class whose mean is nearest.
const contrasted = await run('supCon in a loop, then the nearest class mean', async (onEpoch) => {
  const model = encoder();
  const loss = tfLoss(tf, supCon({ temperature: 0.1 }));
  const heldOut = () => {
    const scores = similarityToMeans(model.apply(test.images), model.apply(train.images), train.oneHot);
    return accuracy(scores, test.labels);
  };
  await trainLoop((batch) => loss(model.apply(batch.images), batch.labels), train, {
    ...settings,
    batchSize: 100,
    onEpoch: (epoch, value) => onEpoch(epoch, value, tf.tidy(heldOut)),
  });
  model.dispose();
});

// 4. A class that is ruled out has the logit −∞.
const ruledOut = tf.tensor2d([[2, 1, Number.NEGATIVE_INFINITY]]);
const theirs = tf.losses.softmaxCrossEntropy(tf.tensor2d([[1, 0, 0]]), ruledOut).dataSync()[0];
const ours = tfLoss(tf, crossEntropy())(ruledOut, tf.tensor1d([0], 'int32')).dataSync()[0];
console.log(`\nA class ruled out by a logit of −∞: tf.losses gives ${theirs}, crossEntropy ${ours.toFixed(6)}`);

// The curves, and what has to hold.
const runs = [{ ...baseline, wide: true }, smoothed, focal, partial, contrasted];
const file = new URL('out/curves.svg', import.meta.url);
mkdirSync(new URL('.', file), { recursive: true });
writeFileSync(file, chart(runs));

for (const { name, epochs } of runs) {
  assert(epochs.at(-1).loss < 0.8 * epochs[0].loss, `${name}: the loss did not fall`);
  assert(epochs.at(-1).accuracy > 0.9, `${name}: ${percent(epochs.at(-1).accuracy)} of the held-out digits`);
}
for (const [k, { loss }] of smoothed.epochs.entries())
  assert(Math.abs(loss - baseline.epochs[k].loss) < 1e-3, 'crossEntropy and tf.losses part');
assert(Math.abs(ours - Math.log1p(Math.exp(-1))) < 1e-6, `${ours} beside a class that is ruled out`);
console.log('All five learned, crossEntropy as tf.losses does. Curves: out/curves.svg');
