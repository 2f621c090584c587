// Re-measures by hand what `isoloss choose` recommends: three losses at three sizes, by other means than it uses.
//
//   node packages/cli/test/choose-by-hand.mjs [--thorough]
//
// All backends in one process, made from their packages, timed in turn in many short rounds; compared by their least
// times, which is what a busy machine disturbs least. A recommendation is confirmed if nothing that it was measured
// beside is faster by more than a tenth. Not a test: its answer is one about this machine, now.
import { execFile } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { createRunner, lossFromJSON, referenceBackend } from '@isoloss/core';
import { onnxBackend } from '@isoloss/onnx';
import { tfjsBackend } from '@isoloss/tfjs';
import { wasmBackend } from '@isoloss/wasm';

const bin = path.resolve(import.meta.dirname, '../bin/isoloss.js');
const questions = [
  ['crossEntropy', ['8x10', '256x100', '2048x500'], true],
  ['huber', ['16', '4096', '1000000'], true],
  ['bceWithLogits', ['32', '10000', '500000'], false],
];
const tolerance = 1.1;
const only = 'reference,wasm,onnx-node,tfjs-node';

const makers = {
  reference: () => referenceBackend(),
  wasm: () => wasmBackend(),
  'wasm-threads': () => wasmBackend({ threads: 'auto' }),
  'onnx-node': () => onnxBackend(),
  'tfjs-node': () => tfjsBackend('tfjs-node'),
};

/** Inputs of another making than choose's: a sine is as good as a random number to whoever adds and multiplies. */
function inputsFor({ loss, shapes }) {
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => {
      const length = shape.reduce((product, size) => product * size, 1);
      const classes = shapes.input.at(-1);
      if (loss === 'crossEntropy' && name === 'target')
        return [name, { dtype: 'int32', shape, data: Int32Array.from({ length }, (_, k) => (7 * k) % classes) }];
      const value = name === 'target' && loss !== 'huber' ? (k) => k % 2 : (k) => 3 * Math.sin(1 + k * k);
      return [name, { dtype: 'float32', shape, data: Float32Array.from({ length }, (_, k) => value(k)) }];
    }),
  );
}

const backends = Object.entries(makers).map(([id, make]) => ({ id, runner: createRunner(make()) }));
let confirmed = 0;
let asked = 0;
for (const [loss, shapes, withGradients] of questions)
  for (const shape of shapes) {
    const args = ['choose', '--loss', loss, '--shape', shape, '--json', '--backend', only];
    if (withGradients) args.push('--gradients');
    if (!process.argv.includes('--thorough')) args.push('--quick');
    const { stdout } = await promisify(execFile)(process.execPath, [bin, ...args], { maxBuffer: 1e8 });
    const report = JSON.parse(stdout);
    const { request, recommendation, measurements } = report;
    const made = lossFromJSON(loss);
    const inputs = inputsFor(request);
    const run = ({ runner }) => runner.run(made, inputs, { dtype: 'float32', gradients: request.gradients });
    const least = new Map();
    const fit = backends.filter(({ id }) => measurements.some(({ candidate }) => candidate === id));
    for (const one of fit) for (let k = 0; k < 20 && (least.get(one.id) ?? 0) < 300; k++) await timed(one);
    least.clear();
    const end = performance.now() + 6000;
    for (let round = 0; round < 200 && performance.now() < end; round++)
      for (let k = 0; k < fit.length; k++) await timed(fit[(k + round) % fit.length]);
    async function timed(one) {
      // A call of some that are as quick as the clock's own cost would say little: 20 of them, or as many as take 2 ms.
      const begin = performance.now();
      let calls = 0;
      do {
        const before = performance.now();
        await run(one);
        least.set(one.id, Math.min(least.get(one.id) ?? Infinity, performance.now() - before));
        calls++;
      } while (calls < 20 && performance.now() - begin < 2);
    }
    const order = [...least].sort(([, a], [, b]) => a - b);
    const best = order[0];
    const ratio = least.get(recommendation.candidate) / best[1];
    const ok = ratio <= tolerance;
    asked++;
    if (ok) confirmed++;
    const text = (ms) => (ms < 1 ? `${(ms * 1000).toFixed(1)} µs` : `${ms.toFixed(2)} ms`);
    console.log(
      [
        `${loss} ${shape}: choose says ${recommendation.candidate} in ${(report.milliseconds / 1000).toFixed(0)} s` +
          `${recommendation.tiedWith.length > 0 ? ` (level with ${recommendation.tiedWith.join(', ')})` : ''}; ` +
          `by hand ${best[0]}; ${ok ? 'confirmed' : 'NOT confirmed'} (${ratio.toFixed(2)} of the best), load ${os.loadavg()[0].toFixed(1)}`,
        `  choose: ${measurements.map(({ candidate, warm }) => `${candidate} ${text(warm.median)} [${text(warm.min)}; rounds ${text(warm.spread[0])} – ${text(warm.spread[1])}; n=${warm.samples}]`).join(', ')}`,
        `  by hand, least: ${order.map(([id, ms]) => `${id} ${text(ms)}`).join(', ')}`,
        ...report.excluded.map(({ candidate, filter, reason }) => `  excluded ${candidate} (${filter}): ${reason}`),
      ].join('\n'),
    );
  }
console.log(`${confirmed} of ${asked} confirmed`);
process.exit(0);
