// A thread: partial sums of each shard that it is sent, with a buffer of fixed size between the file and the loss.
import { parentPort, workerData } from 'node:worker_threads';
import { crossEntropy, PartialMean } from '@isoloss/core';
import { wasmLoss } from '@isoloss/wasm';
import { openNpy } from './npy.mjs';

const { weights, rows: chunk } = workerData;
const loss = wasmLoss(crossEntropy({ ignoreIndex: -100, reduction: 'partial' }));
const weight = { dtype: 'float32', shape: [weights.length], data: weights };
let buffers;

function partial(shard) {
  const logits = openNpy(new URL(`${shard}.logits.npy`, workerData.folder));
  const labels = openNpy(new URL(`${shard}.labels.npy`, workerData.folder));
  const [rows, classes] = logits.shape;
  buffers ??= { logits: logits.allocate(chunk), labels: labels.allocate(chunk) };
  const mean = new PartialMean();
  for (let first = 0; first < rows; first += chunk) {
    const count = Math.min(chunk, rows - first);
    const input = { dtype: 'float32', shape: [count, classes], data: logits.read(first, count, buffers.logits) };
    const target = { dtype: 'int32', shape: [count], data: labels.read(first, count, buffers.labels) };
    mean.add(loss.run({ input, target, weight }));
  }
  logits.close();
  labels.close();
  return { rows, mean: mean.toJSON() };
}

parentPort.on('message', (shard) => parentPort.postMessage(partial(shard)));
