import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { catalogue } from '@isoloss/core';
import * as ort from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureBuilt, inProcess, isoloss } from './command.ts';

const folder = mkdtempSync(join(tmpdir(), 'isoloss-export-'));
beforeAll(ensureBuilt);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('isoloss export', () => {
  it('writes a model that ONNX Runtime runs, for any sizes, with int64 labels', async () => {
    const file = join(folder, 'deep/cross-entropy.onnx');
    const { code, stdout } = await isoloss(['export', 'crossEntropy', '--gradients', 'input', '-o', file]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/in +input +float32 +\(N, C\)/);
    expect(stdout).toMatch(/in +target +int64 +\(N\)/);
    expect(stdout).toMatch(/out +d_input +float32 +\(N, C\)/);
    const session = await ort.InferenceSession.create(readFileSync(file));
    const { value, d_input } = await session.run({
      input: new ort.Tensor('float32', Float32Array.of(0, 0, 0, 0), [1, 4]),
      target: new ort.Tensor('int64', BigInt64Array.of(3n), [1]),
    });
    expect(value!.data[0]).toBeCloseTo(Math.log(4), 6);
    expect([...(d_input!.data as Float32Array)]).toEqual([0.25, 0.25, 0.25, -0.75]);
    await session.release();
  });

  it('takes options, ranks, dtypes and an upstream gradient, and gives JSON', async () => {
    const file = join(folder, 'huber.onnx');
    const args = [
      '--delta',
      '2',
      '--reduction',
      'none',
      '--rank',
      'input=1,weight=1',
      '--dtype',
      'float64',
      '--upstream',
    ];
    const { code, stdout } = await isoloss(['export', 'huber', ...args, '--gradients', '--json', '-o', file]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      file,
      loss: { id: 'huber', options: { delta: 2, reduction: 'none' } },
      inputs: ['input', 'target', 'weight', 'upstream'].map((name) => ({ name, dtype: 'float64', shape: ['N'] })),
      outputs: ['value', 'd_input', 'd_target', 'd_weight'].map((name) => ({ name, shape: ['N'] })),
    });
    const session = await ort.InferenceSession.create(readFileSync(file));
    const vector = (...data: number[]) => new ort.Tensor('float64', Float64Array.from(data), [data.length]);
    const feeds = { input: vector(1, 5), target: vector(0, 0), weight: vector(1, 2), upstream: vector(1, 10) };
    const { value, d_input } = await session.run(feeds);
    expect([...(value!.data as Float64Array)]).toEqual([0.5, 16]);
    expect([...(d_input!.data as Float64Array)]).toEqual([1, 40]);
    await session.release();
  });

  it('has usual ranks for every loss', async () => {
    // What a loss can't do without.
    const needed: Record<string, string[]> = { crd: ['--dataset-size', '100'], hamming: ['--soft'] };
    for (const id of catalogue.keys()) {
      const file = join(folder, `${id}.onnx`);
      const args = ['export', id, '--gradients', '--labels', 'int32', ...(needed[id] ?? []), '-o', file];
      const { code, stderr } = await inProcess(args);
      expect({ id, code, stderr }).toEqual({ id, code: 0, stderr: '' });
      expect(existsSync(file)).toBe(true);
    }
  });

  it.each([
    ['focal', { input: ['N', 'C'], target: ['N'] }],
    ['dice', { input: ['N', 'C'], target: ['N', 'C'] }],
    ['tripletMargin', { anchor: ['N', 'D'], positive: ['N', 'D'], negative: ['N', 'D'] }],
    ['multiMargin', { input: ['N', 'C'], target: ['N'] }],
    ['ctc', { logProbs: ['T', 'N', 'C'], targets: ['N', 'S'], inputLengths: ['N'], targetLengths: ['N'] }],
    ['rnnt', { logits: ['N', 'T', 'U+1', 'C'], targets: ['N', 'U'], inputLengths: ['N'], targetLengths: ['N'] }],
    ['mahalanobis', { input: ['N', 'D'], target: ['N', 'D'], inverseCovariance: ['D', 'D'] }],
    ['iou', { input: ['N', '4'], target: ['N', '4'] }],
    ['hamming', { input: ['N', 'D'], target: ['N', 'D'] }],
    ['totalVariation', { input: ['N', 'H', 'W'] }],
    ['huber', { input: ['N', 'D1'], target: ['N', 'D1'] }],
  ])('takes batches: %s', async (id, expected) => {
    const { stdout } = await inProcess(['export', id, '--json', '-o', join(folder, 'batch.onnx')]);
    const { inputs } = JSON.parse(stdout) as { inputs: { name: string; shape: (string | number)[] }[] };
    expect(Object.fromEntries(inputs.map(({ name, shape }) => [name, shape.map(String)]))).toEqual(expected);
  });

  it.each([
    [['huber', '--rank', 'input=2,target=3'], 'RANK_MISMATCH'],
    [['nll', '--gradients', 'target'], 'NOT_DIFFERENTIABLE'],
    [['huber', '--delta', '0'], 'BAD_OPTION'],
    [['hubert'], 'UNKNOWN_LOSS'],
    [['--dtype', 'float64', 'huber'], 'BAD_REQUEST'],
    [['crd'], 'BAD_OPTION'],
    [['hamming', '--gradients'], 'NOT_DIFFERENTIABLE'],
  ])('refuses %j and writes nothing', async (args, code) => {
    const file = join(folder, 'never.onnx');
    const outcome = await inProcess(['export', ...args, '-o', file, '--json']);
    expect(outcome.code).toBe(2);
    expect(JSON.parse(outcome.stdout).error.code).toBe(code);
    expect(existsSync(file)).toBe(false);
  });
});
