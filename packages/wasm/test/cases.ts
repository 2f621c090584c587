import { compareOutput, errorBound } from '@isoloss/conformance';
import {
  checkInputs,
  type FloatDType,
  type Loss,
  type LossInputs,
  type LossResult,
  lossFromJSON,
  sizeOf,
  type Tensor,
  trace,
} from '@isoloss/core';
import { expect } from 'vitest';
import { accuracy } from '../src/math/accuracy.ts';
import { bits, randoms } from './kernels.ts';

/** A loss with inputs of some size. */
export interface Case {
  readonly name: string;
  readonly loss: Loss;
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly gradients: readonly string[];
}

/** Tensors with the same numbers in every run. */
export class Numbers {
  private readonly next: () => number;

  constructor(seed = 1) {
    this.next = randoms(seed);
  }

  /** In [low, high). */
  floats(shape: readonly number[], low = -1, high = 1): Tensor {
    const data = Float32Array.from({ length: sizeOf(shape) }, () => low + (high - low) * this.next());
    return { dtype: 'float32', shape, data };
  }

  labels(shape: readonly number[], below: number): Tensor {
    const data = Int32Array.from({ length: sizeOf(shape) }, () => Math.floor(below * this.next()));
    return { dtype: 'int32', shape, data };
  }

  /** 0 and 1 as numbers. */
  binary(shape: readonly number[]): Tensor {
    const data = Float32Array.from({ length: sizeOf(shape) }, () => Number(this.next() < 0.5));
    return { dtype: 'float32', shape, data };
  }

  mask(shape: readonly number[]): Tensor {
    const data = Uint8Array.from({ length: sizeOf(shape) }, () => Number(this.next() < 0.7));
    return { dtype: 'bool', shape, data };
  }
}

export const integers = (shape: readonly number[], value: number): Tensor => ({
  dtype: 'int32',
  shape,
  data: new Int32Array(sizeOf(shape)).fill(value),
});

/**
 * Losses of every kind of kernel: one loop, rows, columns, an axis in the middle, neighbours, scattered writes, and those
 * between the fused ones. `n` is the number of examples; each example has some 16 to 64 numbers.
 */
export function cases(n: number): Case[] {
  const g = new Numbers(n + 1);
  const at = (name: string, id: string, inputs: Case['inputs'], gradients: string[], options = {}): Case => ({
    name,
    loss: lossFromJSON(id, options),
    inputs,
    gradients,
  });
  const pair = (shape: number[]) => ({ input: g.floats(shape), target: g.floats(shape) });
  return [
    at('one loop, mean', 'huber', pair([n * 32]), ['input', 'target']),
    at('one loop, unreduced', 'logCosh', pair([n, 32]), ['input'], { reduction: 'none' }),
    at(
      'one loop, weights of rows, masks of columns',
      'bceWithLogits',
      {
        input: g.floats([n, 32], -5, 5),
        target: g.floats([n, 32], 0, 1),
        weight: g.floats([n, 1], 0, 1),
        mask: g.mask([1, 32]),
        posWeight: g.floats([32], 0.5, 2),
      },
      ['input', 'target', 'weight', 'posWeight'],
    ),
    at(
      'rows, labels',
      'crossEntropy',
      { input: g.floats([n, 37], -4, 4), target: g.labels([n], 37), weight: g.floats([37], 0, 1), mask: g.mask([n]) },
      ['input', 'weight'],
      { labelSmoothing: 0.1 },
    ),
    at(
      'rows, probabilities',
      'crossEntropy',
      { input: g.floats([n, 19], -4, 4), target: g.floats([n, 19], 0, 0.1) },
      ['input', 'target'],
      { reduction: 'none' },
    ),
    at(
      'an axis in the middle',
      'crossEntropy',
      { input: g.floats([n, 5, 3, 3], -4, 4), target: g.labels([n, 3, 3], 5) },
      ['input'],
    ),
    at('regions', 'dice', { input: g.floats([n, 3, 4, 4]), target: g.binary([n, 3, 4, 4]) }, ['input'], {
      activation: 'softmax',
    }),
    at(
      'regions over all examples',
      'jaccard',
      { input: g.floats([n, 3, 16]), target: g.binary([n, 3, 16]) },
      ['input'],
      {
        activation: 'sigmoid',
        per: 'batch',
      },
    ),
    at('neighbours', 'totalVariation', { input: g.floats([n, 5, 7]) }, ['input']),
    at('rows of three', 'tripletMargin', pairOfThree(g, n), ['anchor', 'positive', 'negative'], { swap: true }),
    at('columns and a product', 'vicReg', { input1: g.floats([n, 16]), input2: g.floats([n, 16]) }, [
      'input1',
      'input2',
    ]),
    at('a product and scattered writes', 'arcFace', faces(g, n), ['input', 'prototypes']),
    at('order', 'lovaszHinge', { input: g.floats([n, 16]), target: g.binary([n, 16]) }, ['input'], { per: 'sample' }),
    at('order and running sums', 'listMle', pair([n, 17]), ['input']),
    at(
      'a sequence',
      'ctc',
      {
        logProbs: g.floats([9, n, 7], -3, 0),
        targets: g.labels([n, 3], 7),
        inputLengths: integers([n], 9),
        targetLengths: integers([n], 3),
      },
      ['logProbs'],
      { logits: true },
    ),
  ];
}

const pairOfThree = (g: Numbers, n: number) => ({
  anchor: g.floats([n, 16]),
  positive: g.floats([n, 16]),
  negative: g.floats([n, 16]),
});
const faces = (g: Numbers, n: number) => ({
  input: g.floats([n, 16]),
  prototypes: g.floats([11, 16]),
  target: g.labels([n], 11),
});

/** Value and gradients as bits: NaN is NaN, and 0 is not −0. */
export function bitsOf({ value, gradients }: LossResult): Record<string, string> {
  return Object.fromEntries(
    Object.entries({ value, ...gradients }).map(([name, { data }]) => [
      name,
      // Strings compare in no time, and a difference prints in one line.
      Buffer.from(bits(data as Float32Array)).toString(data.length > 64 ? 'base64' : 'hex'),
    ]),
  );
}

/** Fails without printing megabytes. */
export function sameBits(a: LossResult, b: LossResult, what = ''): void {
  const [left, right] = [bitsOf(a), bitsOf(b)];
  expect(Object.keys(left), what).toEqual(Object.keys(right));
  for (const name of Object.keys(left)) if (left[name] !== right[name]) expect(first(name, a, b), what).toBe('equal');
}

function first(name: string, a: LossResult, b: LossResult): string {
  const [x, y] = [a, b].map(({ value, gradients }) => (name === 'value' ? value : gradients[name]!));
  if (x!.data.length !== y!.data.length) return `${name} has ${x!.data.length} and ${y!.data.length} numbers`;
  let at = 0;
  while (Object.is(x!.data[at], y!.data[at])) at++;
  return `${name}[${at}] is ${x!.data[at]} and ${y!.data[at]}`;
}

/** Value and gradients are within the bounds that the conformance suite derives for this input. */
export function expectWithinBounds(
  loss: Loss,
  inputs: LossInputs,
  gradients: readonly string[],
  dtype: FloatDType,
  { value, gradients: got }: LossResult,
): void {
  const { tensors, signature, sizes } = checkInputs(loss, inputs, dtype);
  const bounds = errorBound(trace(loss, { signature, gradients }), tensors, sizes, { dtype, accuracy });
  for (const [name, tensor] of Object.entries({ value, ...got })) {
    const bound = name === 'value' ? bounds.value : bounds.gradients[name]!;
    const expected = { shape: bound.shape, value: bound.value, low: new Float64Array(bound.value.length) };
    const { passed, problem, failures } = compareOutput(name, tensor, expected as never, bound, { dtype });
    expect({ passed, problem, failures: failures.slice(0, 3) }, name).toEqual({ passed: true, failures: [] });
  }
}
