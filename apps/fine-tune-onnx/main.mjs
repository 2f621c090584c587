// A model that knows 0 to 7 meets 8 and 9 on the device, and learns them there.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { attachLoss, describeModel } from '@isoloss/onnx';
import * as ort from 'onnxruntime-node';
import { adam } from './adam.mjs';
import { chart } from './chart.mjs';
import { accuracy, batchOf, classes, heldOut, model, seen } from './digits.mjs';
import { linearHead } from './head.mjs';
import { shuffler } from './random.mjs';

// ONNX Runtime has no gradients in Node. The graph of this model has them: of a new head, on the frozen model's features.
const trainable = attachLoss(model, linearHead(), { inputs: { features: 'features' }, gradients: ['weights', 'bias'] });
const session = await ort.InferenceSession.create(trainable);
const { inputs, outputs } = describeModel(trainable);
const names = (list) => list.map(({ name, shape }) => `${name} (${shape.join(', ')})`).join(', ');
console.log(`${names(inputs)}\n  -> ${names(outputs)}\n`);

const [known, width] = ['output', 'features'].map((name) => outputs.find((entry) => entry.name === name).shape[1]);
const weights = new Float32Array(classes * width);
const bias = new Float32Array(classes);
const step = adam([weights, bias]);

const run = (batch) =>
  session.run({
    ...batch,
    weights: new ort.Tensor('float32', weights, [classes, width]),
    bias: new ort.Tensor('float32', bias, [classes]),
  });

/** What the head says of features. */
function logitsOf({ data, dims: [rows] }) {
  const logits = new Float32Array(rows * classes);
  for (const k of logits.keys()) {
    const [row, label] = [Math.floor(k / classes), k % classes];
    logits[k] = bias[label];
    for (let d = 0; d < width; d++) logits[k] += data[row * width + d] * weights[label * width + d];
  }
  return { data: logits, dims: [rows, classes] };
}

const test = batchOf(heldOut);
async function examine() {
  const { features, loss, output } = await run(test);
  return { loss: loss.data[0], accuracy: accuracy(logitsOf(features), test.target, known), output };
}

const percent = (share) => `${(100 * share).toFixed(1)}%`;
const first = await examine();
const before = accuracy(first.output, test.target, known);
console.log(`${seen.length} digits to learn from, ${heldOut.length} held out`);
console.log(`the model as it came is right on ${percent(before.all)} of these, on 8 and 9 on ${percent(before.new)}\n`);

const history = [first];
const shuffled = shuffler(1);
const [epochs, size] = [20, 20];
for (let epoch = 1; epoch <= epochs; epoch++) {
  const order = shuffled(seen);
  for (let at = 0; at < order.length; at += size) {
    const { d_weights, d_bias } = await run(batchOf(order.slice(at, at + size)));
    step([d_weights.data, d_bias.data]);
  }
  const now = await examine();
  history.push(now);
  if (epoch === 1 || epoch % 5 === 0)
    console.log(
      `epoch ${String(epoch).padStart(2)}/${epochs}  loss ${now.loss.toFixed(4)}  held-out ${percent(now.accuracy.all)}, 8 and 9 ${percent(now.accuracy.new)}`,
    );
}

const last = history.at(-1);
mkdirSync(new URL('out/', import.meta.url), { recursive: true });
writeFileSync(
  new URL('out/curve.svg', import.meta.url),
  chart('A new head on frozen features: 8 and 9 are new', history),
);
console.log(`\nheld-out loss ${first.loss.toFixed(4)} -> ${last.loss.toFixed(4)}`);
console.log(
  `right on ${percent(before.all)} -> ${percent(last.accuracy.all)}, on 8 and 9 ${percent(before.new)} -> ${percent(last.accuracy.new)}`,
);
console.log('curve: out/curve.svg');

// A head of zeros takes all classes for equally likely.
assert(Math.abs(first.loss - Math.log(classes)) < 1e-6, `the first loss is ${first.loss}, not ln ${classes}`);
assert.equal(before.new, 0, 'the model knew the new digits');
assert(last.loss < 0.15 * first.loss, `the loss is ${last.loss}`);
assert(last.accuracy.all > 0.9, `right on ${last.accuracy.all}`);
assert(last.accuracy.new > 0.65, `right on ${last.accuracy.new} of 8 and 9`);
// What was trained is the head alone: the model says of the same images what it said before, bit for bit.
assert.deepEqual(last.output.data, first.output.data);
await session.release();
