import { readFileSync } from 'node:fs';
import * as ort from 'onnxruntime-node';

const read = (name) => readFileSync(new URL(`data/${name}`, import.meta.url));

/** The model, as torch.onnx.export wrote it. */
export const model = read('model.onnx');

/** What PyTorch has for it: loss, accuracy, and the gradient by the logits. */
export const torch = {
  ...JSON.parse(read('expected.json')),
  logitsGradient: new Float32Array(Uint8Array.from(read('gradient.bin')).buffer),
};

/** How far apart two runtimes may be, of what is compared: float32 has 7 digits, and convolutions are summed in different orders. */
export const bound = 1e-5;

/** Pixels from 0 to 16, 8×8 an image, and the digit of each. */
const pixels = read('images.bin');
export const labels = [...read('labels.bin')];

/** The images as the model takes them. */
export const image = new ort.Tensor(
  'float32',
  Float32Array.from(pixels, (x) => x / 16),
  [labels.length, 1, 8, 8],
);

/** The labels as the loss takes them. */
export const target = new ort.Tensor('int64', BigInt64Array.from(labels, BigInt), [labels.length]);

/** Which share of rows is largest at its label. */
export function accuracy({ data, dims: [rows, classes] }) {
  let right = 0;
  for (let row = 0; row < rows; row++) {
    const logits = data.subarray(row * classes, (row + 1) * classes);
    if (logits.indexOf(Math.max(...logits)) === labels[row]) right++;
  }
  return right / rows;
}
