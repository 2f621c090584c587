import {
  evaluate,
  type FloatDType,
  type Loss,
  LossInputError,
  type LossResult,
  lossFromJSON,
  type Tensor,
} from '@isoloss/core';
import { describe, expect, test } from 'vitest';
import { type WasmLoss, wasmEngine, wasmLoss } from '../src/index.ts';
import { cases, expectWithinBounds, integers, Numbers, sameBits } from './cases.ts';

const dtypes = ['float32', 'float64'] as const;
type Inputs = Readonly<Record<string, Tensor>>;

/** In both dtypes, against the bounds that the conformance suite derives. */
function check(loss: Loss, inputs: Inputs, gradients: readonly string[]): void {
  for (const dtype of dtypes)
    expectWithinBounds(loss, inputs, gradients, dtype, compiled(loss, dtype, gradients).run(inputs));
}

const known = new Map<string, WasmLoss>();
/** Compiled once, for all sizes: that it is bound to new ones is tested by the way. */
function compiled(loss: Loss, dtype: FloatDType, gradients: readonly string[]): WasmLoss {
  const key = JSON.stringify([loss.id, loss.options, dtype, gradients]);
  if (!known.has(key)) known.set(key, wasmLoss(loss, { dtype, gradients }));
  return known.get(key)!;
}

// Vectors are 2 or 4 numbers, and loops take several at a time: what is left over differs from size to size.
describe('sizes around those of vectors', () => {
  const g = new Numbers(11);
  const pair = (shape: number[]) => ({ input: g.floats(shape, -2, 2), target: g.floats(shape, -2, 2) });

  test.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 15, 16, 17, 31, 33, 63, 65, 129])('one loop of %i', (n) => {
    check(lossFromJSON('logCosh', { reduction: 'none' }), pair([n]), ['input', 'target']);
    check(lossFromJSON('huber'), { ...pair([n]), weight: g.floats([n], 0, 1), mask: g.mask([n]) }, ['input', 'weight']);
  });

  test.each([1, 2, 3, 4, 5, 7, 8, 9, 13, 16, 17, 33])('rows of %i', (c) => {
    const input = g.floats([3, c], -5, 5);
    check(lossFromJSON('crossEntropy'), { input, target: g.labels([3], c) }, ['input']);
    check(lossFromJSON('crossEntropy', { reduction: 'none' }), { input, target: g.floats([3, c], 0, 1) }, [
      'input',
      'target',
    ]);
  });

  test.each([1, 2, 3, 4, 5, 9])('an axis of %i in the middle', (c) => {
    for (const [h, w] of [[1, 1], [1, 3], [2, 2], [3, 3], [1, 17]] as const) // biome-ignore format: on one line
      check(lossFromJSON('crossEntropy'), { input: g.floats([2, c, h, w], -5, 5), target: g.labels([2, h, w], c) }, [
        'input',
      ]);
    check(
      lossFromJSON('dice', { activation: 'sigmoid' }),
      { input: g.floats([2, c, 5]), target: g.binary([2, c, 5]) },
      ['input'],
    );
  });

  test.each([1, 2, 3, 4, 5, 7, 8, 9, 17])('columns: gradients of weights that are broadcast, %i wide', (d) => {
    for (const n of [1, 2, 5])
      for (const shape of [[1, d], [n, 1], [d], [1, 1]]) // biome-ignore format: on one line
        check(lossFromJSON('mse'), { ...pair([n, d]), weight: g.floats(shape, 0.5, 1) }, ['weight', 'input']);
  });

  test.each([2, 3, 4, 5, 8, 9])('columns and products, %i wide', (d) => {
    for (const n of [2, 3, 5])
      check(lossFromJSON('vicReg'), { input1: g.floats([n, d]), input2: g.floats([n, d]) }, ['input1', 'input2']);
    check(
      lossFromJSON('cosFace'),
      { input: g.floats([3, d]), prototypes: g.floats([5, d]), target: g.labels([3], 5) },
      ['input', 'prototypes'],
    );
  });

  test.each([1, 2, 3, 5, 8, 9, 17])('lines of %i, sorted and summed', (n) => {
    check(lossFromJSON('listMle'), { input: g.floats([3, n]), target: g.floats([3, n]) }, ['input']);
    check(lossFromJSON('wasserstein1d'), { input: g.floats([2, n]), target: g.floats([2, n]) }, ['input', 'target']);
    check(lossFromJSON('totalVariation'), { input: g.floats([2, n + 1, 3]) }, ['input']);
  });

  test.each(cases(3))('every kind of kernel: $name', ({ loss, inputs, gradients }) => check(loss, inputs, gradients));
});

describe('nothing at all', () => {
  const g = new Numbers(12);
  const empty: [string, Inputs][] = [
    ['huber', { input: g.floats([0]), target: g.floats([0]), weight: g.floats([0]) }],
    ['huber', { input: g.floats([3, 0]), target: g.floats([3, 0]), weight: g.floats([3, 1]) }],
    ['crossEntropy', { input: g.floats([0, 3]), target: g.labels([0], 3), weight: g.floats([3]) }],
    ['crossEntropy', { input: g.floats([2, 3, 0, 4]), target: g.labels([2, 0, 4], 3) }],
    ['crossEntropy', { input: g.floats([0, 3]), target: g.floats([0, 3]) }],
    ['dice', { input: g.floats([0, 3, 4]), target: g.floats([0, 3, 4]) }],
    ['dice', { input: g.floats([2, 3, 0]), target: g.floats([2, 3, 0]) }],
    ['tripletMargin', { anchor: g.floats([0, 4]), positive: g.floats([0, 4]), negative: g.floats([0, 4]) }],
    ['cosFace', { input: g.floats([0, 4]), prototypes: g.floats([5, 4]), target: g.labels([0], 5) }],
    ['lovaszHinge', { input: g.floats([2, 0]), target: g.floats([2, 0]) }],
    ['listMle', { input: g.floats([0, 4]), target: g.floats([0, 4]) }],
    ['listMle', { input: g.floats([2, 0]), target: g.floats([2, 0]) }],
    ['wasserstein1d', { input: g.floats([2, 0]), target: g.floats([2, 0]) }],
    ['clip', { image: g.floats([0, 4]), text: g.floats([0, 4]), logitScale: g.floats([]) }],
    ['vicReg', { input1: g.floats([3, 0]), input2: g.floats([3, 0]) }],
    ['totalVariation', { input: g.floats([0, 3, 3]) }],
    ['elasticNet', { input: g.floats([0]) }],
    [
      'ctc',
      {
        logProbs: g.floats([4, 0, 3]),
        targets: g.labels([0, 2], 3),
        inputLengths: integers([0], 4),
        targetLengths: integers([0], 2),
      },
    ],
    [
      'ctc',
      {
        logProbs: g.floats([4, 2, 3]),
        targets: g.labels([2, 0], 3),
        inputLengths: integers([2], 4),
        targetLengths: integers([2], 0),
      },
    ],
  ];

  test.each(empty)('%s %#', (id, inputs) => {
    for (const reduction of ['mean', 'sum', 'none'])
      for (const dtype of dtypes) {
        const loss = lossFromJSON(id, { reduction });
        const gradients = Object.keys(inputs).filter(
          (name) => inputs[name]!.dtype === 'float32' && !/target|positive|text/.test(name),
        );
        let wanted: LossResult | undefined;
        try {
          wanted = evaluate(loss, inputs, { dtype, gradients });
        } catch (error) {
          expect(error).toBeInstanceOf(LossInputError);
        }
        const ready = wasmLoss(loss, { dtype, gradients });
        if (wanted === undefined) expect(() => ready.run(inputs)).toThrow(LossInputError);
        else
          for (let k = 0; k < 2; k++) {
            const { value, gradients: got } = ready.run(inputs);
            expect(value.shape).toEqual(wanted.value.shape);
            for (const [name, { shape, data }] of Object.entries(wanted.gradients)) {
              expect(got[name]!.shape).toEqual(shape);
              // A mean of nothing, say, has a gradient of zeros; what is not zero is within an ULP or two here.
              for (const [at, slope] of data.entries()) expect(got[name]!.data[at]).toBeCloseTo(slope, 6);
            }
            for (const [at, number] of wanted.value.data.entries())
              if (Number.isNaN(number)) expect(value.data[at]).toBeNaN();
              else expect(value.data[at]).toBeCloseTo(number, 5);
          }
      }
  });
});

// Large arrays of the caller pass through the memory part by part; tensors in the memory are used where they are.
describe('large inputs', () => {
  test.each(cases(5003))('$name: part by part as in one piece', ({ loss, inputs, gradients }) => {
    const bytes = Object.values(inputs).reduce((sum, { data }) => sum + data.byteLength, 0);
    expect(bytes).toBeGreaterThan(2 ** 18);
    for (const dtype of dtypes) {
      const engine = wasmEngine();
      const ready = wasmLoss(loss, { dtype, gradients, engine });
      const byParts = ready.run(inputs);
      const moved = (tensors: Inputs) =>
        Object.fromEntries(
          Object.entries(tensors).map(([name, { shape, dtype: own, data }]) => {
            const tensor = engine.allocate(shape, own === 'float32' ? dtype : own);
            tensor.data.set(data);
            return [name, tensor];
          }),
        );
      const own = moved(inputs);
      const into = { value: engine.allocate(byParts.value.shape, dtype), gradients: moved(byParts.gradients) };
      sameBits(ready.run(own, into), byParts, dtype);
      // Inputs there and results here, and the other way round.
      sameBits(ready.run(own), byParts, dtype);
      sameBits(ready.run(inputs, into), byParts, dtype);
    }
  });

  // Examples that don't know of each other, in another grouping.
  test.each([
    ['logCosh', (g: Numbers, n: number) => ({ input: g.floats([n, 21]), target: g.floats([n, 21]) }), {}],
    ['crossEntropy', (g: Numbers, n: number) => ({ input: g.floats([n, 29], -5, 5), target: g.labels([n], 29) }), {}],
    ['crossEntropy', (g: Numbers, n: number) => ({ input: g.floats([n, 3, 3, 3], -5, 5), target: g.labels([n, 3, 3], 3) }), {}], // biome-ignore format: on one line
    ['dice', (g: Numbers, n: number) => ({ input: g.floats([n, 3, 9]), target: g.binary([n, 3, 9]) }), { activation: 'softmax' }], // biome-ignore format: on one line
    ['cosineSimilarity', (g: Numbers, n: number) => ({ input: g.floats([n, 27]), target: g.floats([n, 27]) }), {}],
    ['listMle', (g: Numbers, n: number) => ({ input: g.floats([n, 27]), target: g.floats([n, 27]) }), {}],
  ] as const)('%s %#: each example as by itself', (id, make, options) => {
    const n = 5003;
    const inputs: Inputs = make(new Numbers(13), n);
    const loss = lossFromJSON(id, { ...options, reduction: 'none' });
    for (const dtype of dtypes) {
      const ready = wasmLoss(loss, { dtype, gradients: ['input'] });
      const large = ready.run(inputs);
      const rows = ({ dtype: own, shape, data }: Tensor, from: number, to: number): Tensor => {
        const each = data.length / n;
        return { dtype: own, shape: [to - from, ...shape.slice(1)], data: data.slice(from * each, to * each) };
      };
      for (let from = 0; from < n; from += 500) {
        const to = Math.min(n, from + 500);
        const part = Object.fromEntries(Object.entries(inputs).map(([name, all]) => [name, rows(all, from, to)]));
        const wanted = {
          value: rows(large.value, from, to),
          gradients: { input: rows(large.gradients.input!, from, to) },
        };
        sameBits(ready.run(part), wanted, `${dtype}, examples from ${from}`);
      }
    }
  });

  test('one number, and one row, longer than a part', () => {
    const g = new Numbers(14);
    const n = 2 ** 20 + 7;
    roughly(lossFromJSON('crossEntropy'), { input: g.floats([1, n], -1, 1), target: g.labels([1], n) });
    roughly(lossFromJSON('mse'), { input: g.floats([n]), target: g.floats([n]) });
  });
});

/** Against the reference, roughly: a lost part would be far off. */
function roughly(loss: Loss, inputs: Inputs): void {
  const { value, gradients } = wasmLoss(loss, { gradients: ['input'] }).run(inputs);
  const wanted = evaluate(loss, inputs, { gradients: ['input'] });
  const relative = Math.abs(value.data[0]! / wanted.value.data[0]! - 1);
  expect(relative).toBeLessThan(1e-5);
  let worst = 0;
  const [got, slopes] = [gradients.input!.data, wanted.gradients.input!.data];
  let scale = 0;
  for (let k = 0; k < got.length; k++) {
    worst = Math.max(worst, Math.abs(got[k]! - slopes[k]!));
    scale = Math.max(scale, Math.abs(slopes[k]!));
  }
  expect(worst / scale).toBeLessThan(1e-6);
}
