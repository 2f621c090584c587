// The mean loss over data that is larger than the memory it takes.
import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { PartialMean } from '@isoloss/core';
import { exactSums } from './exact.mjs';
import { openNpy } from './npy.mjs';

const folder = new URL('out/data/', import.meta.url);
const shards = readdirSync(folder)
  .filter((file) => file.endsWith('.logits.npy'))
  .map((file) => file.slice(0, -'.logits.npy'.length));
const weightFile = openNpy(new URL('weights.npy', folder));
const classes = weightFile.shape[0];
const weights = weightFile.read(0, classes, weightFile.allocate(classes));
weightFile.close();

// A quarter of a mebibyte of logits at a time in each thread.
const rows = 2 ** 18 / (4 * classes);
const workers = Array.from(
  { length: Math.min(4, availableParallelism()) },
  () => new Worker(new URL('worker.mjs', import.meta.url), { workerData: { folder: folder.href, weights, rows } }),
);

/** Has a thread do a shard. */
const ask = (worker, shard) =>
  new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('message', ({ rows, mean }) => {
      worker.off('error', reject);
      resolve({ tokens: rows, mean: PartialMean.fromJSON(mean) });
    });
    worker.postMessage(shard);
  });

const megabytes = () => process.resourceUsage().maxRSS / 1000;
// The smallest shard compiles the kernels, so that what memory grows by later is data.
await Promise.all(workers.map((worker) => ask(worker, shards[0])));
const before = megabytes();

// Each thread takes the next shard when it is done with one.
const since = performance.now();
const parts = new Map();
const waiting = [...shards];
await Promise.all(
  workers.map(async (worker) => {
    for (let shard = waiting.shift(); shard !== undefined; shard = waiting.shift())
      parts.set(shard, await ask(worker, shard));
    await worker.terminate();
  }),
);
const seconds = (performance.now() - since) / 1000;
const grown = megabytes() - before;

// In the order of their names: the sums are then the same to the last bit, whichever thread was first.
const merged = new PartialMean();
let total = 0;
console.log('source   tokens   normalizer   mean loss');
for (const shard of shards) {
  const { tokens, mean } = parts.get(shard);
  merged.merge(mean);
  total += tokens;
  const cells = [String(tokens).padStart(7), mean.normalizer.toFixed(1).padStart(10), mean.value.toFixed(6)];
  console.log(`${shard}      ${cells.join('   ')}`);
}

const size = total * (classes + 1) * 4;
console.log(
  `\n${merged.parts} partial sums by ${workers.length} threads in ${seconds.toFixed(2)} s; ` +
    `${(size / 1e6).toFixed(0)} MB of data read, and memory grew by ${grown.toFixed(1)} MB\n`,
);

const { numerator, normalizer } = exactSums(folder, shards, weights);
const exact = numerator / normalizer;
// What rounding in float32 may do at most to a mean of chunks of so many rows; the README derives it.
const bound = 2 ** -24 * ((2 * rows + 8) * exact + 2 * classes + 4);
const each = shards.map((shard) => parts.get(shard));
const ofMeans = each.reduce((sum, { mean }) => sum + mean.value, 0) / each.length;
const byTokens = each.reduce((sum, { tokens, mean }) => sum + mean.value * tokens, 0) / total;

console.log(`all in one, float64                      ${exact.toFixed(9)}`);
const line = (what, value, note = `${((100 * (value - exact)) / exact).toFixed(1)}%`) => {
  const off = Math.abs(value - exact);
  console.log(`${what.padEnd(39)}  ${value.toFixed(9)}  off by ${off.toExponential(1)} (${note})`);
  return off;
};
const errors = {
  merged: line('partial sums, merged', merged.value, `bound ${bound.toExponential(1)}`),
  ofMeans: line('mean of the means', ofMeans),
  byTokens: line('mean of the means, by number of tokens', byTokens),
};
console.log();

assert.ok(errors.merged <= bound, 'merged partial sums are off by more than rounding explains');
assert.ok(errors.ofMeans > 100 * bound && errors.byTokens > 100 * bound, 'the means of means should be wrong');
assert.ok(grown < size / 1e6 / 4, `memory grew by ${grown} MB: the data were not read in pieces`);
writeFileSync(new URL('out/result.json', import.meta.url), `${JSON.stringify({ exact, merged, bound })}\n`);
