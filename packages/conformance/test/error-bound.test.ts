import { compareOutput, errorBound, formats, loadVectors, lossBounds } from '@isoloss/conformance';
import {
  checkInputs,
  defineLoss,
  type Expr,
  inputs,
  type Loss,
  lossFromJSON,
  outputsOf,
  scan,
  type TensorLike,
  trace,
} from '@isoloss/core';
import { describe, expect, test } from 'vitest';
import { simulateFloat32 } from './simulate.ts';

const { float } = inputs;
const u = formats.float32.u;

/** The bounds of a small formula at one point, in float32. */
function boundOf(
  formula: (x: Expr, y: Expr) => Expr,
  x: TensorLike,
  y: TensorLike = x,
  dtype: 'float32' | 'float64' = 'float32',
) {
  const loss = defineLoss({
    id: `test:${Math.random()}`,
    inputs: { x: float('...'), y: float('...') },
    formula: ({ x, y }) => formula(x, y),
  })({ reduction: 'none' });
  return lossBounds(loss, { x, y }, { dtype }).value;
}

describe('what carries no error', () => {
  test.each<[string, (x: Expr, y: Expr) => Expr, number[], number[]]>([
    ['a representable sum', (x, y) => x.add(y), [1.5], [0.25]],
    ['a representable product', (x, y) => x.mul(y), [1.5], [-3]],
    ['a product with a power of two', (x, y) => x.mul(y), [0.1 as number].map(Math.fround), [0.5]],
    ['a representable quotient', (x, y) => x.div(y), [7], [4]],
    ['a perfect square', (x) => x.sqrt(), [6.25], [0]],
    ['exp 0, exp(−∞), log 1', (x, y) => x.exp().add(y.exp()).add(x.add(1).log()), [0], [-Infinity]],
    ['an infinite result', (x, y) => x.div(y), [1], [0]],
    ['a short integer sum', (x) => x.sum(0, true), [3, 4, 5, 6], [0, 0, 0, 0]],
    ['a count', (x) => x.sub(x).add(x.count(0)), [3, 4, 5], [0, 0, 0]],
    ['a shift that is put back', (x) => x.exp().asShift(), [1], [0]],
    ['a clear comparison', (x, y) => x.exp().gt(y).toFloat(), [1], [2]],
  ])('%s', (_, formula, x, y) => {
    expect(Array.from(boundOf(formula, x, y).bound)).toEqual(Array.from(boundOf(formula, x, y).bound, () => 0));
  });
});

describe('what carries some', () => {
  test('a rounded sum: u of it', () => {
    const { value, bound } = boundOf((x, y) => x.add(y), [1], [Math.fround(1e-9)]);
    expect(bound[0]).toBeCloseTo(u * value[0]!, 12);
  });
  test('an option that is no float', () => {
    expect(boundOf((x) => x.mul(0).add(0.1), [1]).bound[0]).toBeGreaterThan(0.09 * u);
  });
  test('a cancelling difference keeps the error of its operands', () => {
    const { value, bound } = boundOf((x, y) => x.exp().sub(y.exp()), [1], [1]);
    expect(value[0]).toBe(0);
    expect(bound[0]).toBeGreaterThan(4 * u * Math.E);
  });
  test('a sum of n: n − 1 roundings', () => {
    const x = Array.from({ length: 10 }, (_, k) => Math.fround(1 / (k + 3)));
    const total = x.reduce((a, b) => a + b);
    expect(boundOf((e) => e.sum(0, true), x).bound[0]! / (u * total)).toBeCloseTo(9, 3);
  });
  test('the softmax of a saturated row: a tiny one', () => {
    const { bound } = boundOf((x) => x.logSoftmax(0), [40, 0, 0]);
    expect(bound[0]).toBeLessThan(1e-22);
  });
});

describe('what is uncertain', () => {
  const kink = (x: Expr, y: Expr) => x.exp().gt(y);
  const e = Math.fround(Math.E);
  test('a choice that rounding decides costs the distance', () => {
    const { bound } = boundOf((x, y) => kink(x, y).toFloat().mul(5), [1], [e]);
    expect(bound[0]).toBeGreaterThanOrEqual(5);
  });
  test('equal branches cost nothing', () => {
    const { bound } = boundOf((x, y) => x.mul(0).add(1).mul(kink(x, y).toFloat().mul(0).add(1)), [1], [e]);
    expect(bound[0]).toBeLessThan(1e-6);
  });
  test('the maximum compared with itself is certain where it leads', () => {
    const leads = (x: Expr) => x.exp().eq(x.exp().max(0, true)).toFloat();
    expect(Array.from(boundOf(leads, [1, 2]).bound)).toEqual([0, 0]);
    expect(Array.from(boundOf(leads, [2, 2]).bound)).toEqual([0, 0].map(() => 1));
  });
  test('an overflow of float32 is indeterminate, of what it divides it is not', () => {
    expect(boundOf((x) => x.exp(), [100]).bound[0]).toBe(Infinity);
    expect(boundOf((x) => x.exp(), [100], [0], 'float64').bound[0]).toBeLessThan(1e30);
    expect(boundOf((x) => x.neg().sigmoid(), [100]).bound[0]).toBeLessThan(1e-37);
  });
  test('a logarithm of what may underflow is indeterminate', () => {
    expect(boundOf((x) => x.exp().log(), [-100]).bound[0]).toBe(Infinity);
  });
});

/** Numbers that repeat from run to run. */
function* random(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state / 2 ** 32;
  }
}

const formulas: Record<string, (x: Expr, y: Expr) => Expr> = {
  arithmetic: (x, y) =>
    x
      .mul(y)
      .add(x.div(y.abs().add(0.1)))
      .sub(y.square()),
  functions: (x, y) => x.exp().add(y.abs().add(0.1).log()).add(x.abs().sqrt()).mul(y.expm1()).add(x.abs().log1p()),
  powers: (x, y) => x.abs().add(0.01).pow(1.5).mul(y.pow(3)),
  softmax: (x, y) => x.logSoftmax(0).mul(y.softmax(0)),
  norms: (x, y) =>
    x
      .div(x.norm(0, 2, true))
      .mul(y.norm(0, 3, true))
      .sub(y.norm(0, 1, true)),
  stable: (x, y) =>
    x
      .softplus()
      .mul(y.sigmoid())
      .add(x.abs().add(0.1).xlogy(y.abs().add(0.1))),
  choices: (x, y) => x.maximum(y).mul(x.minimum(0.3)).add(x.relu()).add(y.abs()),
  order: (x, y) => x.mul(y).sort(0).cumsum(0).sub(y.sort(0)),
  products: (x, y) =>
    x
      .reshape([1, 'N'])
      .matmul(y.mul(x).reshape(['N', 1]))
      .reshape([1])
      .add(x),
  recurrence: (x, y) =>
    scan({ init: [x.sum(0, true)], sequences: [y.reshape(['N', 1])] }, ([carry], [slice]) => ({
      carries: [carry!.mul(0.7).add(slice!.exp())],
    })).carries[0]!.add(x),
};

describe('float32, simulated operation by operation, stays within its bound', () => {
  test.each(Object.entries(formulas))('%s', (_, formula) => {
    const next = random(7);
    const loss = defineLoss({
      id: `random:${Math.random()}`,
      inputs: { x: float('N'), y: float('N') },
      formula: ({ x, y }) => formula(x, y),
    })({ reduction: 'none' });
    const ratios: number[] = [];
    for (let round = 0; round < 40; round++) {
      const draw = () => Float32Array.from({ length: 5 }, () => (next.next().value - 0.5) * 8);
      ratios.push(...simulatedRatios(loss, { x: draw(), y: draw() }, ['x', 'y']));
    }
    expect(Math.max(...ratios)).toBeLessThanOrEqual(1);
    expect(median(ratios)).toBeGreaterThan(0.005);
  });
});

describe('and so do all vectors', async () => {
  const files = await loadVectors();
  test.each(files.map((file) => [file.loss, file] as const))('%s', (_, file) => {
    const ratios = file.cases.flatMap(({ id, loss, options, inputs, expected }) => {
      if ('error' in expected) return [];
      const found = simulatedRatios(lossFromJSON(loss, options), inputs, Object.keys(expected.gradients));
      if (found.some((ratio) => ratio > 1)) throw new Error(`${id}: ${Math.max(...found)} times the bound`);
      return found;
    });
    // A bound that nothing comes near would prove nothing. A worst case over many steps, or over a standardised batch, is
    // never met by the typical one.
    const worstCase = ['sinkhorn', 'sinkhornCost', 'barlowTwins'].includes(file.loss);
    expect(median(ratios.filter((ratio) => ratio > 0))).toBeGreaterThan(worstCase ? 0.001 : 0.01);
  });
});

/** What the simulation does: float64 functions, rounded once. */
const correctlyRounded = { div: 0.5, sqrt: 0.5, exp: 0.5, log: 0.5, log1p: 0.5, expm1: 0.5, pow: 0.5 };

/** Error over bound of every element that has a finite bound above 0; the f64 evaluation stands for the exact value. */
function simulatedRatios(loss: Loss, given: Record<string, TensorLike>, gradients: string[]): number[] {
  const { tensors, signature, sizes } = checkInputs(loss, given, 'float32');
  const program = trace(loss, { signature, gradients });
  const bounds = errorBound(program, tensors, sizes, { dtype: 'float32', accuracy: correctlyRounded });
  const results = simulateFloat32(program, tensors, sizes);
  expect(results.length).toBe(outputsOf(program).length);
  return [bounds.value, ...gradients.map((name) => bounds.gradients[name]!)].flatMap((bound, n) => {
    const { shape, data } = results[n]!;
    const got = { dtype: 'float32' as const, shape, data: Float32Array.from(data) };
    const expected = { shape, value: bound.value, low: new Float64Array(data.length), sensitivity: undefined };
    const { failures, problem } = compareOutput('value', got, expected, bound, { dtype: 'float32' });
    if (problem !== undefined) throw new Error(problem);
    const failed = failures.map(({ ratio }) => ratio);
    return [
      ...failed,
      ...Array.from(bound.bound, (limit, k) =>
        limit > 0 && Number.isFinite(limit) && Number.isFinite(data[k]!)
          ? Math.abs(data[k]! - bound.value[k]!) / limit
          : 0,
      ).filter((ratio) => ratio <= 1),
    ];
  });
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
