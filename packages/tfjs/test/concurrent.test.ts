import { createRunner, crossEntropy, evaluate } from '@isoloss/core';
import * as tf from '@tensorflow/tfjs';
import { expect, test } from 'vitest';
import { tfjsBackend } from '../src/backend.ts';
import { sample } from './inputs.ts';

// In a process of its own: nothing is loaded yet.
test('backends start and run side by side, and leave the choice of the user alone', async () => {
  await tf.setBackend('cpu');
  const mine = tf.tensor([1, 2, 3]);
  const before = tf.memory().numTensors;
  const loss = crossEntropy({ reduction: 'none' });
  const { inputs, gradients } = sample(loss, { optional: false });
  const want = evaluate(loss, inputs, { gradients });
  const backends = (['tfjs-cpu', 'tfjs-wasm', 'tfjs-node'] as const).map(tfjsBackend);
  const runners = backends.map(createRunner);
  const run = async (k: number) => {
    const { value } = await runners[k]!.run(loss, inputs, { dtype: 'float32', gradients });
    return [...value.data];
  };
  // The first runs while the others are being loaded.
  const early = await Promise.all([0, 1, 0, 2, 0, 1].map((k) => run(k).catch(() => `unavailable ${k}`)));
  const here = (await Promise.all(backends.map((backend) => backend.describe()))).flatMap(({ available }, k) =>
    available ? [k] : [],
  );
  expect(here).toContain(1);
  const late = await Promise.all(Array.from({ length: 30 }, (_, k) => run(here[k % here.length]!)));
  const results = [...early, ...late].filter((result) => result !== 'unavailable 2');
  expect(results.length).toBeGreaterThan(30);
  for (const result of results) expect(result).toEqual([...want.value.data].map((x) => expect.closeTo(x, 5)));
  expect(tf.getBackend()).toBe('cpu');
  expect([...tf.tidy(() => tf.add(mine, 1).dataSync())]).toEqual([2, 3, 4]);
  expect(tf.memory().numTensors).toBe(before);
});
