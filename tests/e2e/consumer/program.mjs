// The same before and after an upgrade: what it prints first is the release, what follows are numbers.
import { crossEntropy, evaluate, huber, version } from '@isoloss/core';
import { ortLoss, toOnnx } from '@isoloss/onnx';
import { tfLoss } from '@isoloss/tfjs';
import { wasmLoss } from '@isoloss/wasm';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import ort from 'onnxruntime-node';

const print = (name, numbers) => console.log(name, Array.from(numbers, (x) => x.toPrecision(6)).join(' '));

console.log(version);
const logits = [
  [1, 2, 3],
  [0.5, -1, 0.2],
];
const target = [2, 0];
print('reference', evaluate(crossEntropy(), { input: logits, target }).value.data);
print('wasm', wasmLoss(crossEntropy(), { gradients: ['input'] }).run({ input: logits, target }).gradients.input.data);
await tf.setBackend('cpu');
print(
  'tfjs',
  await tf
    .grad((x) => tfLoss(tf, huber())(x, tf.tensor1d([0, 0])))(tf.tensor1d([0.5, 3]))
    .data(),
);
const native = ortLoss(ort, huber(), { gradients: ['input'] });
const tensor = (...data) => new ort.Tensor('float32', Float32Array.from(data), [data.length]);
print('onnx', (await native({ input: tensor(0.5, 3), target: tensor(0, 0) })).gradients.input.data);
await native.release();
console.log('model', toOnnx(huber(), { inputs: { input: 1, target: 1 } }).length > 100);
