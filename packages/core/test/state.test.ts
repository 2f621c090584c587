import { describe, expect, test } from 'vitest';
import { BroadFaceQueue, broadFace, CrdMemory, crd, evaluate, type Tensor } from '../src/index.ts';
import { codeOf } from './helpers.ts';

const floats = (shape: number[], data: number[]): Tensor => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from(data),
});
const labels = (...data: number[]): Tensor => ({ dtype: 'int32', shape: [data.length], data: Int32Array.from(data) });

describe('BroadFaceQueue', () => {
  const prototypes = floats([3, 2], [1, 0, 0, 1, -1, 0]);
  const push = (queue: BroadFaceQueue, ...ids: number[]) =>
    queue.push(
      floats(
        [ids.length, 2],
        ids.flatMap((id) => [id, -id]),
      ),
      labels(...ids.map((id) => id % 3)),
      prototypes,
    );

  test('keeps the newest, oldest first, also around its end', () => {
    const queue = new BroadFaceQueue({ capacity: 3, dimension: 2 });
    expect(queue.inputs().queueFeatures.shape).toEqual([0, 2]);
    push(queue, 1, 2);
    expect(Array.from(queue.inputs().queueFeatures.data)).toEqual([1, -1, 2, -2]);
    push(queue, 3, 4, 5);
    const { queueFeatures, queueTargets, queuePrototypes } = queue.inputs();
    expect(Array.from(queueFeatures.data)).toEqual([3, -3, 4, -4, 5, -5]);
    expect(Array.from(queueTargets.data)).toEqual([0, 1, 2]);
    expect(Array.from(queuePrototypes.data)).toEqual([1, 0, 0, 1, -1, 0]);
    push(queue, 6, 7, 8, 9);
    expect(Array.from(queue.inputs().queueFeatures.data)).toEqual([7, -7, 8, -8, 9, -9]);
  });

  test('resumes where it was', () => {
    const queue = new BroadFaceQueue({ capacity: 3, dimension: 2 });
    push(queue, 1, 2, 3, 4);
    const copy = BroadFaceQueue.fromJSON(JSON.parse(JSON.stringify(queue)));
    push(queue, 5);
    push(copy, 5);
    expect(copy.inputs()).toEqual(queue.inputs());
  });

  test('an empty queue leaves arcFace', () => {
    const queue = new BroadFaceQueue({ capacity: 4, dimension: 2 });
    const given = { input: floats([1, 2], [0.6, 0.8]), prototypes, target: labels(0) };
    const { value } = evaluate(broadFace(), { ...given, ...queue.inputs() });
    expect(Number.isFinite(value.data[0])).toBe(true);
  });

  test('refuses what does not fit, and stays as it was', () => {
    const queue = new BroadFaceQueue({ capacity: 2, dimension: 2 });
    push(queue, 1);
    expect(codeOf(() => queue.push(floats([1, 3], [1, 2, 3]), labels(0), prototypes))).toBe('SHAPE_MISMATCH');
    expect(codeOf(() => queue.push(floats([2, 2], [1, 2, 3, 4]), labels(0, 3), prototypes))).toBe('LABEL_OUT_OF_RANGE');
    expect(queue.size).toBe(1);
    expect(codeOf(() => new BroadFaceQueue({ capacity: 0, dimension: 2 }))).toBe('BAD_OPTION');
  });
});

describe('CrdMemory', () => {
  test('mixes, normalises, and draws no example’s own embedding', () => {
    const memory = new CrdMemory({ size: 5, dimension: 2, momentum: 0 });
    for (let n = 0; n < 5; n++) memory.update([n], floats([1, 2], [Math.cos(n), Math.sin(n)]));
    memory.update([2], floats([1, 2], [3, 4]));
    const row = Array.from(memory.rows([2]).data);
    expect(row[0]).toBeCloseTo(0.6, 6);
    expect(row[1]).toBeCloseTo(0.8, 6);
    const drawn = memory.negatives([2, 0], 200);
    expect(drawn.shape).toEqual([2, 200, 2]);
    const angles = new Set(Array.from({ length: 200 }, (_, k) => drawn.data[2 * k]!.toFixed(4)));
    expect(angles.has(row[0]!.toFixed(4))).toBe(false);
    expect(angles.size).toBe(4);
  });

  test('momentum keeps half of the old', () => {
    const memory = new CrdMemory({ size: 1, dimension: 2, momentum: 0 });
    memory.update([0], floats([1, 2], [1, 0]));
    const half = CrdMemory.fromJSON({ ...memory.toJSON(), momentum: 0.5 });
    half.update([0], floats([1, 2], [0, 1]));
    expect(half.rows([0]).data[0]).toBeCloseTo(Math.SQRT1_2, 6);
  });

  test('resumes: the same negatives, the same loss', () => {
    const memory = new CrdMemory({ size: 10, dimension: 3, seed: 7 });
    memory.negatives([1], 3);
    const copy = CrdMemory.fromJSON(JSON.parse(JSON.stringify(memory)));
    const [a, b] = [memory, copy].map(
      (m) =>
        evaluate(crd({ datasetSize: 10 }), {
          anchor: floats([1, 3], [1, 2, 3]),
          positive: m.rows([1]),
          negatives: m.negatives([1], 4),
        }).value,
    );
    expect(a).toEqual(b);
  });

  test('refuses what does not fit', () => {
    const memory = new CrdMemory({ size: 2, dimension: 2 });
    expect(codeOf(() => memory.rows([2]))).toBe('LABEL_OUT_OF_RANGE');
    expect(codeOf(() => memory.update([0], floats([1, 3], [1, 2, 3])))).toBe('SHAPE_MISMATCH');
    expect(codeOf(() => new CrdMemory({ size: 2, dimension: 2, momentum: 1 }))).toBe('BAD_OPTION');
    expect(codeOf(() => new CrdMemory({ size: 1, dimension: 2 }).negatives([0], 1))).toBe('BAD_OPTION');
  });
});
