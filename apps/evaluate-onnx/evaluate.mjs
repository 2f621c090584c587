// Evaluates a model with the runtime, and with the bytes, that will serve it.
import assert from 'node:assert/strict';
import { crossEntropy } from '@isoloss/core';
import { attachLoss, describeModel } from '@isoloss/onnx';
import * as ort from 'onnxruntime-node';
import { accuracy, bound, image, labels, model, target, torch } from './digits.mjs';

const names = (list) => list.map(({ name, shape }) => `${name} (${shape.join(', ')})`).join(', ');
console.log(`the model:   ${names(describeModel(model).inputs)} -> ${names(describeModel(model).outputs)}`);

const withLoss = attachLoss(model, crossEntropy(), { logits: 'output', gradients: true });
const { inputs, outputs } = describeModel(withLoss);
console.log(`with loss:   ${names(inputs)} -> ${names(outputs)}\n`);

// One session, one run: predictions, loss, and the gradient by the predictions.
const session = await ort.InferenceSession.create(withLoss);
const result = await session.run({ image, target });

const ours = { loss: result.loss.data[0], accuracy: accuracy(result.output) };
console.log(`${labels.length} digits   here          PyTorch ${torch.torch}`);
console.log(`accuracy     ${ours.accuracy.toFixed(4)}        ${torch.accuracy.toFixed(4)}`);
console.log(`loss         ${ours.loss.toFixed(8)}    ${torch.loss.float32.toFixed(8)}`);

assert.equal(ours.accuracy, torch.accuracy);
const apart = Math.abs(ours.loss - torch.loss.float32) / torch.loss.float32;
assert(apart <= bound, `the loss is off by ${apart}`);

const gradient = result.d_output.data;
assert.equal(gradient.length, torch.logitsGradient.length);
const furthest = Math.max(...gradient.map((g, k) => Math.abs(g - torch.logitsGradient[k]))) / torch.gradient.largest;
assert(furthest <= bound, `the gradient is off by ${furthest}`);
console.log(
  `apart: loss ${apart.toExponential(0)}, gradient ${furthest.toExponential(0)} of the largest (at most ${bound})\n`,
);

// The gradient says which predictions hurt most, without another pass over the model.
const cost = (row) => Math.hypot(...gradient.subarray(row * 10, row * 10 + 10));
const worst = [...labels.keys()].sort((a, b) => cost(b) - cost(a)).slice(0, 3);
for (const row of worst) {
  const logits = result.output.data.subarray(row * 10, row * 10 + 10);
  console.log(`image ${row}: a ${labels[row]}, taken for a ${logits.indexOf(Math.max(...logits))}`);
}

// The model itself is what it was: the same predictions, bit for bit.
const bare = await ort.InferenceSession.create(model);
const { output } = await bare.run({ image });
assert.deepEqual(result.output.data, output.data);
await Promise.all([session.release(), bare.release()]);
