import { readFileSync } from 'node:fs';
import * as ort from 'onnxruntime-node';

const read = (name) => readFileSync(new URL(`data/${name}`, import.meta.url));

/** The model, as torch.onnx.export wrote it: it has only ever seen 0 to 7. */
export const model = read('model.onnx');

export const classes = 10;

/** Pixels from 0 to 16, 8×8 an image, and the digit of each: all ten. */
const pixels = read('images.bin');
const labels = read('labels.bin');

/** Some of the images as the model takes them, with their labels as the loss takes them. */
export function batchOf(rows) {
  const image = Float32Array.from(
    rows.flatMap((row) => [...pixels.subarray(row * 64, row * 64 + 64)]),
    (x) => x / 16,
  );
  const target = BigInt64Array.from(rows, (row) => BigInt(labels[row]));
  return {
    image: new ort.Tensor('float32', image, [rows.length, 1, 8, 8]),
    target: new ort.Tensor('int64', target, [rows.length]),
  };
}

/** Every second image is to learn from, the others are held out. */
const rows = [...labels.keys()];
export const seen = rows.filter((row) => row % 2 === 0);
export const heldOut = rows.filter((row) => row % 2 === 1);

/** Which share of the rows of logits is largest at its label: of all rows, and of those of the digits from `newFrom`. */
export function accuracy({ data, dims: [, columns] }, { data: target }, newFrom) {
  const right = Array.from(target, (label, row) => {
    const logits = data.subarray(row * columns, (row + 1) * columns);
    return logits.indexOf(Math.max(...logits)) === Number(label);
  });
  const share = (list) => list.filter(Boolean).length / list.length;
  return { all: share(right), new: share(right.filter((_, row) => Number(target[row]) >= newFrom)) };
}
