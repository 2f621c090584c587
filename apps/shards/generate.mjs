// Writes the data set: what a classifier of 64 classes said of 400,000 tokens from twelve sources. The sources differ, as
// they do: in size, in how well the classifier does on them, in how much of them is padding (the label -100).
import { mkdirSync, rmSync } from 'node:fs';
import { createNpy } from './npy.mjs';
import { generator } from './random.mjs';

const classes = 64;
const sources = 12;
const folder = new URL('out/data/', import.meta.url);
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });

// Zipf's law; a rare class weighs more, but not as much as it is rare.
const shares = Array.from({ length: classes }, (_, c) => 1 / (c + 1));
const total = shares.reduce((sum, share) => sum + share, 0);
const cumulative = shares.map((_, c) => shares.slice(0, c + 1).reduce((sum, share) => sum + share, 0) / total);
const weights = createNpy(new URL('weights.npy', folder), '<f4', [classes]);
weights.write(Float32Array.from(shares, (share) => Math.sqrt(total / classes / share)));
weights.close();

const random = generator(6);
let bytes = 0;
let all = 0;
for (let source = 0; source < sources; source++) {
  // From 4,000 tokens to 100,000, in no order; the larger a source, the worse the classifier, and the more padding.
  const size = ((source * 5) % sources) / (sources - 1);
  const rows = Math.round(4000 * 25 ** size);
  const margin = 6 - 4 * size;
  const padding = 0.05 + 0.5 * size;

  const name = String(source).padStart(2, '0');
  const logits = createNpy(new URL(`${name}.logits.npy`, folder), '<f4', [rows, classes]);
  const labels = createNpy(new URL(`${name}.labels.npy`, folder), '<i4', [rows]);
  const block = 2048;
  for (let first = 0; first < rows; first += block) {
    const count = Math.min(block, rows - first);
    const x = new Float32Array(count * classes);
    const y = new Int32Array(count);
    for (let n = 0; n < count; n++) {
      const drawn = random();
      const label = cumulative.findIndex((share) => drawn < share);
      y[n] = random() < padding ? -100 : label;
      for (let c = 0; c < classes; c++) x[n * classes + c] = 6 * random() - 3 + (c === label ? margin : 0);
    }
    logits.write(x);
    labels.write(y);
    bytes += x.byteLength + y.byteLength;
  }
  logits.close();
  labels.close();
  all += rows;
}
console.log(`wrote ${all} tokens of ${sources} sources to out/data: ${(bytes / 1e6).toFixed(0)} MB in .npy files\n`);
