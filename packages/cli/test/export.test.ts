import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
    const { stdout } = await isoloss(['list', '--json']);
    const losses = (JSON.parse(stdout) as { id: string }[]).map(({ id }) => id);
    const results = [];
    for (const id of losses)
      results.push(
        await inProcess(['export', id, '--gradients', '--labels', 'int32', '-o', join(folder, `${id}.onnx`)]),
      );
    expect(results.map(({ code, stderr }) => ({ code, stderr }))).toEqual(losses.map(() => ({ code: 0, stderr: '' })));
  });

  it.each([
    [['huber', '--rank', 'input=2,target=3'], 'RANK_MISMATCH'],
    [['nll', '--gradients', 'target'], 'NOT_DIFFERENTIABLE'],
    [['huber', '--delta', '0'], 'BAD_OPTION'],
    [['hubert'], 'UNKNOWN_LOSS'],
  ])('refuses %j and writes nothing', async (args, code) => {
    const file = join(folder, 'never.onnx');
    const outcome = await inProcess(['export', ...args, '-o', file, '--json']);
    expect(outcome.code).toBe(2);
    expect(JSON.parse(outcome.stdout).error.code).toBe(code);
    expect(existsSync(file)).toBe(false);
  });
});
