import { crossEntropy, ctc, evaluate, huber } from '@isoloss/core';
import * as ort from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { ortLoss, toOnnx } from '../src/index.ts';

const logits = [1, 2, 3, 0.5, -1, 4];
const input = () => new ort.Tensor('float32', Float32Array.from(logits), [2, 3]);
const int64 = (data: number[]) => new ort.Tensor('int64', BigInt64Array.from(data, BigInt), [data.length]);
const int32 = (data: number[]) => new ort.Tensor('int32', Int32Array.from(data), [data.length]);
const values = (tensor: ort.Tensor) => [...(tensor.data as Float32Array)];

describe('ortLoss', () => {
  const loss = ortLoss(ort, crossEntropy({ reduction: 'none' }), { gradients: ['input'] });
  const reference = evaluate(
    crossEntropy({ reduction: 'none' }),
    { input: { dtype: 'float32', shape: [2, 3], data: logits }, target: [2, 0] },
    { gradients: ['input'] },
  );

  test.each([
    ['int64', int64],
    ['int32', int32],
  ] as const)('takes %s labels', async (_, make) => {
    const { value, gradients } = await loss({ input: input(), target: make([2, 0]) });
    values(value).forEach((x, k) => {
      expect(x).toBeCloseTo(reference.value.data[k]!, 5);
    });
    values(gradients.input!).forEach((x, k) => {
      expect(x).toBeCloseTo(reference.gradients.input!.data[k]!, 5);
    });
  });

  test('computes in the dtype of its tensors', async () => {
    const wide = new ort.Tensor('float64', Float64Array.from(logits), [2, 3]);
    const { value } = await loss({ input: wide, target: int64([2, 0]) });
    expect(value.type).toBe('float64');
    expect(values(value)[0]).toBeCloseTo(reference.value.data[0]!, 14);
  });

  test('an illegal label makes its own element NaN, and no other', async () => {
    for (const bad of [3, -1, 1000]) {
      const { value, gradients } = await loss({ input: input(), target: int64([bad, 0]) });
      expect(values(value)).toEqual([Number.NaN, expect.closeTo(reference.value.data[1]!, 5)]);
      expect(values(gradients.input!).map(Number.isNaN)).toEqual([true, true, true, false, false, false]);
    }
  });

  test('an ignored label stays legal', async () => {
    const { value } = await loss({ input: input(), target: int64([-100, 0]) });
    expect(values(value)[0]).toBe(0);
  });

  test.each([
    ['SHAPE_MISMATCH', { input: input(), target: int64([1, 2, 0]) }],
    ['RANK_MISMATCH', { input: input(), target: new ort.Tensor('int64', BigInt64Array.of(0n), [1, 1, 1, 1]) }],
    ['MISSING_INPUT', { input: input() }],
    ['UNKNOWN_INPUT', { input: input(), target: int64([0, 0]), labels: int64([0]) }],
    ['BAD_DTYPE', { input: input(), target: new ort.Tensor('bool', Uint8Array.of(0, 1), [2]) }],
    ['BAD_DTYPE', { input: new ort.Tensor('int32', new Int32Array(6), [2, 3]), target: int64([0, 0]) }],
  ] as [string, Record<string, ort.Tensor>][])('answers %s', async (code, bad) => {
    await expect(loss(bad)).rejects.toMatchObject({ code });
  });

  test('upstream scales the gradient', async () => {
    const chained = ortLoss(ort, huber({ reduction: 'none' }), { gradients: ['input'], upstream: true });
    const x = () => new ort.Tensor('float32', Float32Array.of(3, 0.5), [2]);
    const target = () => new ort.Tensor('float32', Float32Array.of(0, 0), [2]);
    const upstream = new ort.Tensor('float32', Float32Array.of(10, -2), [2]);
    const { gradients } = await chained({ input: x(), target: target(), upstream });
    expect(values(gradients.input!)).toEqual([10, -1]);
    await expect(chained({ input: x(), target: target() })).rejects.toMatchObject({ code: 'MISSING_INPUT' });
    await expect(
      chained({ input: x(), target: target(), upstream: new ort.Tensor('float32', Float32Array.of(1), [1]) }),
    ).rejects.toMatchObject({ code: 'SHAPE_MISMATCH' });
    await chained.release();
  });
});

describe('exported models', () => {
  test('run elsewhere, on labels as exporters give them', async () => {
    const bytes = toOnnx(crossEntropy(), { inputs: { input: 2, target: 1 }, gradients: ['input'] });
    const session = await ort.InferenceSession.create(bytes);
    for (const N of [2, 0, 1]) {
      const x = new ort.Tensor('float32', Float32Array.from(logits.slice(0, 3 * N)), [N, 3]);
      const { value, d_input } = await session.run({ input: x, target: int64([2, 0].slice(0, N)) });
      expect(value!.dims).toEqual([]);
      expect(d_input!.dims).toEqual([N, 3]);
      if (N === 0) expect(values(value!)).toEqual([Number.NaN]);
    }
    await session.release();
  });

  test('ctc: a label beyond the classes, or a length beyond the frames, spoils its own sequence only', async () => {
    const loss = ortLoss(ort, ctc({ reduction: 'none' }), { gradients: ['logProbs'] });
    const [T, N, C] = [4, 2, 3];
    const logProbs = new ort.Tensor('float32', new Float32Array(T * N * C).fill(-1.0986), [T, N, C]);
    const run = async (targets: number[], inputLengths: number[]) => {
      const result = await loss({
        logProbs,
        targets: new ort.Tensor('int64', BigInt64Array.from(targets, BigInt), [N, 2]),
        inputLengths: int64(inputLengths),
        targetLengths: int64([2, 1]),
      });
      return values(result.value).map(Number.isNaN);
    };
    expect(await run([1, 2, 2, 9], [4, 4])).toEqual([false, false]);
    expect(await run([1, 3, 2, 9], [4, 4])).toEqual([true, false]);
    expect(await run([1, 2, 2, 9], [4, 5])).toEqual([false, true]);
  });
});
