import {
  createRunner,
  crossEntropy,
  ctc,
  huber,
  type LossInputs,
  type LossResult,
  lossFromJSON,
  sizeOf,
} from '@isoloss/core';
import { engineOf } from '../src/engine.ts';
import { wasmBackend, wasmEngine, wasmLoss } from '../src/index.ts';
import { Pool } from '../src/run/pool.ts';

// What browser.test.ts runs in Node and in browsers alike.

export interface Report {
  /** Checksums of value and gradients, by loss. */
  readonly sums: Readonly<Record<string, string>>;
  /** Threads besides the first that had started, and jobs that were shared. */
  readonly ready: number;
  readonly shared: number;
}

function numbers(shape: number[], from: (k: number) => number) {
  return { dtype: 'float32' as const, shape, data: Float32Array.from({ length: sizeOf(shape) }, (_, k) => from(k)) };
}
function labels(shape: number[], below: number) {
  return {
    dtype: 'int32' as const,
    shape,
    data: Int32Array.from({ length: sizeOf(shape) }, (_, k) => (k * 7) % below),
  };
}
/** Irregular numbers from −1 to 1, by arithmetic that is exact everywhere. */
const noise = (k: number): number => (Math.imul(k + 1, 2654435761) >>> 8) / 2 ** 23 - 1;

/** FNV-1a of the bytes. */
function sum({ value, gradients }: LossResult): string {
  let hash = 0x811c9dc5;
  for (const { data } of [value, ...Object.values(gradients)])
    for (const byte of new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
      hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return `${value.data[0]} ${hash.toString(16)}`;
}

export async function compute(threads: number): Promise<Report> {
  const engine = wasmEngine({ threads });
  const own = engineOf(engine);
  for (let k = 0; k < 1000 && own.readyThreads < threads - 1; k++)
    await new Promise((resolve) => setTimeout(resolve, 10));
  const ready = own.readyThreads;
  let shared = 0;
  const { run } = Pool.prototype;
  Pool.prototype.run = function (job) {
    shared++;
    run.call(this, job);
  };
  const sums: Record<string, string> = {};
  const add = (name: string, loss: Parameters<typeof wasmLoss>[0], inputs: LossInputs, gradients: string[]) => {
    for (const dtype of ['float32', 'float64'] as const)
      sums[`${name} ${dtype}`] = sum(wasmLoss(loss, { dtype, gradients, engine }).run(inputs));
  };
  add('huber', huber(), { input: numbers([1_000_003], noise), target: numbers([1_000_003], (k) => noise(k + 5) * 3) }, [
    'input',
    'target',
  ]);
  add(
    'crossEntropy',
    crossEntropy({ labelSmoothing: 0.1 }),
    { input: numbers([501, 1003], (k) => 8 * noise(k)), target: labels([501], 1003) },
    ['input'],
  );
  add(
    'ctc',
    ctc({ logits: true }),
    {
      logProbs: numbers([9, 5, 7], noise),
      targets: labels([5, 3], 7),
      inputLengths: { dtype: 'int32', shape: [5], data: new Int32Array(5).fill(9) },
      targetLengths: { dtype: 'int32', shape: [5], data: new Int32Array(5).fill(3) },
    },
    ['logProbs'],
  );
  add(
    'clip',
    lossFromJSON('clip'),
    {
      image: numbers([401, 33], noise),
      text: numbers([401, 33], (k) => noise(k + 9)),
      logitScale: numbers([], () => 2),
    },
    ['image', 'text', 'logitScale'],
  );
  Pool.prototype.run = run;
  engine.dispose();
  return { sums, ready, shared };
}

/** What the backend says of itself, and a result. */
export async function backend(): Promise<{ runtime: string; notes: readonly string[]; value: number }> {
  const own = wasmBackend();
  const { runtime, notes = [] } = await own.describe();
  const { value } = await createRunner(own).run(huber(), { input: [1, 3], target: [0, 1] }, { dtype: 'float32' });
  return { runtime, notes, value: value.data[0]! };
}
