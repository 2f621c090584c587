// Gradient accumulation: a step's batch is too large for the memory, so its gradient is summed over micro-batches. The
// mistake is to average the gradients of their means, and it is silent: the loss falls, to the wrong place.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { crossEntropy, PartialMean } from '@isoloss/core';
import { wasmLoss } from '@isoloss/wasm';
import { picture } from './picture.mjs';
import { generator } from './random.mjs';

const features = 12;
const classes = 6;
const random = generator(7);
const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
const matrix = (rows, columns) => Float64Array.from({ length: rows * columns }, normal);

// Most sequences are short, a few are long, and they follow different rules, as replies and documents do.
const teachers = { short: matrix(classes, features), long: matrix(classes, features) };
function sequence() {
  const kind = random() < 0.9 ? 'short' : 'long';
  const tokens = Math.round(kind === 'short' ? 4 + 12 * random() : 150 + 250 * random());
  const x = matrix(tokens, features);
  const scores = product(x, teachers[kind], tokens);
  const labels = Int32Array.from({ length: tokens }, (_, n) => {
    const row = scores.subarray(n * classes, (n + 1) * classes);
    return row.indexOf(Math.max(...row));
  });
  return { x, labels };
}

/** Logits of a linear classifier: x · wᵀ. */
function product(x, w, tokens) {
  const result = new Float64Array(tokens * classes);
  for (let n = 0; n < tokens; n++)
    for (let c = 0; c < classes; c++) {
      let sum = 0;
      for (let k = 0; k < features; k++) sum += x[n * features + k] * w[c * features + k];
      result[n * classes + c] = sum;
    }
  return result;
}

const losses = Object.fromEntries(
  ['mean', 'partial'].map((reduction) => [
    reduction,
    wasmLoss(crossEntropy({ reduction }), { dtype: 'float64', gradients: ['input'] }),
  ]),
);

/** A loss over sequences, and its gradient with respect to the weights of the classifier, by the chain rule. */
function backward(reduction, sequences, w) {
  const tokens = sequences.reduce((sum, { labels }) => sum + labels.length, 0);
  const x = new Float64Array(tokens * features);
  const target = { dtype: 'int32', shape: [tokens], data: new Int32Array(tokens) };
  let at = 0;
  for (const part of sequences) {
    x.set(part.x, at * features);
    target.data.set(part.labels, at);
    at += part.labels.length;
  }
  const input = { dtype: 'float64', shape: [tokens, classes], data: product(x, w, tokens) };
  const { value, gradients } = losses[reduction].run({ input, target });
  const data = new Float64Array(classes * features);
  for (let n = 0; n < tokens; n++)
    for (let c = 0; c < classes; c++)
      for (let k = 0; k < features; k++)
        data[c * features + k] += gradients.input.data[n * classes + c] * x[n * features + k];
  return { value, gradients: { w: { dtype: 'float64', shape: [classes, features], data } } };
}

/** The three ways to make a step's gradient of its micro-batches. */
const ways = {
  whole(batches, w) {
    const { value, gradients } = backward('mean', batches.flat(), w);
    return { value: value.data[0], gradient: gradients.w.data };
  },
  partial(batches, w) {
    const mean = new PartialMean();
    for (const batch of batches) mean.add(backward('partial', batch, w));
    return { value: mean.value, gradient: mean.gradients.w.data };
  },
  means(batches, w) {
    const parts = batches.map((batch) => backward('mean', batch, w));
    const average = (numbers) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
    return {
      value: average(parts.map(({ value }) => value.data[0])),
      gradient: w.map((_, k) => average(parts.map(({ gradients }) => gradients.w.data[k]))),
    };
  },
};

const batch = () => Array.from({ length: 4 }, () => Array.from({ length: 4 }, sequence));
const norm = (vector) => Math.hypot(...vector);
const away = (a, b) => norm(a.map((x, k) => x - b[k])) / norm(b);

const first = batch();
const start = matrix(classes, features).map((x) => x / 2);
const [whole, partial, means] = ['whole', 'partial', 'means'].map((way) => ways[way](first, start));
const sizes = first.map((micro) => micro.reduce((sum, { labels }) => sum + labels.length, 0));
console.log(`one step: four micro-batches of ${sizes.join(', ')} tokens\n`);
console.log('                     loss      gradient, its first numbers            away from the whole');
for (const [name, { value, gradient }] of Object.entries({
  'whole batch': whole,
  'partial sums': partial,
  'mean of means': means,
})) {
  const shown = Array.from(gradient.subarray(0, 4), (slope) => slope.toFixed(5).padStart(8)).join(' ');
  console.log(
    `${name.padEnd(16)} ${value.toFixed(6).padStart(8)}  ${shown}    ${(100 * away(gradient, whole.gradient)).toPrecision(2)}%`,
  );
}

// What each way comes to: the same batches, and the loss of a token among many that no step has seen.
const unseen = Array.from({ length: 400 }, sequence);
const steps = 150;
const held = { whole: [], partial: [], means: [] };
const trained = Object.fromEntries(Object.keys(held).map((way) => [way, start.slice()]));
for (let step = 0; step <= steps; step++) {
  const batches = batch();
  for (const [way, w] of Object.entries(trained)) {
    if (step % 5 === 0) held[way].push({ step, loss: backward('mean', unseen, w).value.data[0] });
    const { gradient } = ways[way](batches, w);
    for (let k = 0; k < w.length; k++) w[k] -= 0.5 * gradient[k];
  }
}
const last = Object.fromEntries(Object.entries(held).map(([way, curve]) => [way, curve.at(-1).loss]));
console.log(`\nafter ${steps} steps, the loss of a token that no step has seen`);
console.log(`whole batch      ${last.whole.toFixed(6)}`);
console.log(`partial sums     ${last.partial.toFixed(6)}`);
console.log(`mean of means    ${last.means.toFixed(6)}\n`);

writeFileSync(
  new URL('out/accumulation.svg', import.meta.url),
  picture({ whole: whole.gradient, partial: partial.gradient, means: means.gradient }, held),
);
console.log('see out/accumulation.svg');

// float64: what is left is rounding.
assert.ok(Math.abs(partial.value - whole.value) <= 1e-12 * whole.value);
assert.ok(away(partial.gradient, whole.gradient) <= 1e-12);
assert.ok(away(trained.partial, trained.whole) <= 1e-9);
assert.ok(away(means.gradient, whole.gradient) > 0.1, 'the mean of means should be another gradient');
assert.ok(last.means > 1.02 * last.whole, 'the mean of means should train another model');
