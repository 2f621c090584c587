import { spawnSync } from 'node:child_process';
import { setTimeout as after } from 'node:timers/promises';
import { lossFromJSON } from '@isoloss/core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { engineOf } from '../src/engine.ts';
import { type WasmEngine, wasmEngine, wasmLoss } from '../src/index.ts';
import { Pool } from '../src/run/pool.ts';
import { bundled, removeBundles } from './bundle.ts';
import { type Case, cases, Numbers, sameBits } from './cases.ts';

/** An engine whose threads have all started. */
async function started(threads: number): Promise<WasmEngine> {
  const engine = wasmEngine({ threads });
  while (engineOf(engine).readyThreads < threads - 1) await after(5);
  return engine;
}

describe('the same bits with 1, 2 and 3 threads', () => {
  const engines: WasmEngine[] = [];
  beforeAll(async () => {
    for (const threads of [1, 2, 3]) engines.push(await started(threads));
  });
  afterAll(() => {
    for (const engine of engines) engine.dispose();
  });

  const g = new Numbers(21);
  // Large enough for what is shared: 4 million operations a kernel.
  const large: Case[] = [
    ...cases(20_011),
    {
      name: 'a product of examples with examples',
      loss: lossFromJSON('clip'),
      inputs: { image: g.floats([601, 33]), text: g.floats([601, 33]), logitScale: g.floats([]) },
      gradients: ['image', 'text', 'logitScale'],
    },
    {
      name: 'running sums',
      loss: lossFromJSON('multilabelMargin'),
      inputs: { input: g.floats([1_340_001, 3]), target: g.labels([1_340_001, 3], 3) },
      gradients: ['input'],
    },
    {
      name: 'order along an axis that is not the last',
      loss: lossFromJSON('lovaszSoftmax'),
      inputs: { input: g.floats([60_003, 5]), target: g.labels([60_003], 5) },
      gradients: ['input'],
    },
  ];
  const shared = new Set<string>();
  const unshared = new Set(['neighbours']);

  test.each(large)('$name', ({ name, loss, inputs, gradients }) => {
    const run = vi.spyOn(Pool.prototype, 'run');
    for (const dtype of ['float32', 'float64'] as const) {
      const losses = engines.map((engine) => wasmLoss(loss, { dtype, gradients, engine }));
      const wanted = losses[0]!.run(inputs);
      expect(run).not.toHaveBeenCalled();
      for (const ready of losses.slice(1)) for (let k = 0; k < 2; k++) sameBits(ready.run(inputs), wanted, dtype);
      for (const [job] of run.mock.calls) shared.add(job.name.replace(/\d+$/, ''));
      if (!unshared.has(name)) expect(run, 'nothing was shared').toHaveBeenCalled();
      run.mockClear();
      for (const ready of losses) ready.dispose();
    }
    run.mockRestore();
  });

  test('kernels of all kinds were shared', () => {
    expect([...shared].sort()).toEqual(expect.arrayContaining(['argsort', 'cumsum', 'kernel', 'matmul']));
  });

  test('what is small is not', () => {
    const run = vi.spyOn(Pool.prototype, 'run');
    const [one, two] = engines.map((engine) => wasmLoss(lossFromJSON('huber'), { gradients: ['input'], engine }));
    const inputs = { input: g.floats([5000]), target: g.floats([5000]) };
    sameBits(two!.run(inputs), one!.run(inputs));
    expect(run).not.toHaveBeenCalled();
    run.mockRestore();
  });
});

test('threads see a memory that has grown, and kernels that came later', async () => {
  const [one, two] = [wasmEngine(), await started(2)];
  for (const [k, { loss, inputs, gradients }] of cases(20_011).slice(0, 8).entries()) {
    two.allocate([500_000 * (k + 1)]);
    sameBits(
      wasmLoss(loss, { gradients, engine: two }).run(inputs),
      wasmLoss(loss, { gradients, engine: one }).run(inputs),
    );
  }
  two.dispose();
});

test('tensors in a shared memory', async () => {
  const engine = await started(2);
  const [{ loss, inputs, gradients }] = cases(20_011) as [Case];
  const own = Object.fromEntries(
    Object.entries(inputs).map(([name, { shape, dtype, data }]) => {
      const tensor = engine.allocate(shape, dtype);
      tensor.data.set(data);
      return [name, tensor];
    }),
  );
  const wanted = wasmLoss(loss, { gradients }).run(inputs);
  const ready = wasmLoss(loss, { gradients, engine });
  sameBits(ready.run(own), wanted);
  engine.allocate([3_000_000]);
  sameBits(ready.run(own), wanted);
  engine.dispose();
});

test('after its threads have ended, an engine goes on alone', async () => {
  const engine = await started(2);
  const [{ loss, inputs, gradients }] = cases(20_011) as [Case];
  const ready = wasmLoss(loss, { gradients, engine });
  const wanted = ready.run(inputs);
  engine.dispose();
  sameBits(ready.run(inputs), wanted);
  sameBits(wasmLoss(loss, { gradients, engine }).run(inputs), wanted);
});

describe('a process', () => {
  afterAll(removeBundles);

  test.each([
    ['ends by itself while an engine with threads is alive', 'setTimeout(run, 300);'],
    ['ends by itself when nothing was computed', ''],
    ['ends by itself before the threads have started', 'run();'],
    ['can end in the middle of it', 'setTimeout(() => process.exit(0), 300); setInterval(run, 1);'],
  ])('%s', async (_, program) => {
    const file = await bundled(
      `import { huber } from '@isoloss/core';
      import { wasmEngine, wasmLoss } from '@isoloss/wasm';
      const engine = wasmEngine({ threads: 3 });
      const loss = wasmLoss(huber(), { gradients: ['input'], engine });
      const input = Float32Array.from({ length: 1_000_000 }, (_, k) => k % 10);
      const run = () => console.log(loss.run({ input, target: new Float32Array(1_000_000) }).value.data[0]);
      ${program}`,
      { platform: 'node' },
    );
    const { status, signal, stderr, stdout } = spawnSync(process.execPath, [file], {
      encoding: 'utf8',
      timeout: 50_000,
    });
    expect({ status, signal, stderr }).toEqual({ status: 0, signal: null, stderr: '' });
    if (program.includes('run'))
      expect(new Set(stdout.trim().split('\n'))).toEqual(new Set([String(Math.fround(4.05))]));
  });
});
