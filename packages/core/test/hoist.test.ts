import { describe, expect, test } from 'vitest';
import {
  check,
  concat,
  constant,
  ctc,
  type Expr,
  expand,
  gradient,
  hoist,
  interpreter,
  iota,
  make,
  type NDArray,
  outputsOf,
  scan,
  simplify,
  topological,
  trace,
  where,
} from '../src/index.ts';

const input = (name: string, ...shape: (string | number)[]): Expr =>
  make('input', [], { name, type: { dtype: 'float', shape } }) as Expr;
const numbers = (...shape: number[]): NDArray => ({
  shape,
  data: Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, k) => Math.sin(3 * k + shape.length) * 2),
});

/** Both graphs on the same inputs, compared to the bit. */
function expectSame(
  outputs: readonly Expr[],
  inputs: Readonly<Record<string, NDArray>>,
  sizes: Readonly<Record<string, number>>,
): Expr[] {
  const before = simplify(expand(outputs));
  const after = hoist(before);
  check(after);
  const [given, named] = [new Map(Object.entries(inputs)), new Map(Object.entries(sizes))];
  const expected = interpreter(before)(given, named);
  interpreter(after)(given, named).forEach((array, k) => {
    expect(array.shape).toEqual(expected[k]!.shape);
    expect(array.data.every((value, at) => Object.is(value, expected[k]!.data[at]))).toBe(true);
  });
  return after;
}

const bodySizes = (outputs: readonly Expr[]): number[] =>
  topological(outputs).flatMap((node) =>
    node.op === 'scan' ? [topological((node as Expr<'scan'>).attributes.body.outputs).length] : [],
  );

const sequence = input('x', 'T', 'N', 'C');
const start = input('h', 'N', 'C');
const weight = input('w', 'C', 'C');

/** Steps of which all but the last line can be done beforehand. */
const steps: Record<string, (x: Expr, w: Expr) => Expr> = {
  elementwise: (x, w) => where(x.gt(0), x.exp(), x.mul(w.sum(0))).add(1),
  'operands of lower rank': (x, w) => x.sum(0).mul(w.max(1)).add(x),
  'reductions and shapes': (x) => x.sub(x.max(1, true)).reshape(['N*C']).cumsum(0).reshape(['N', 'C']),
  'concat and slice': (x) => concat([constant(0).broadcastTo(['N', 1]), x.abs()], 1).slice(1, 0, 'C'),
  'transpose and reverse': (x) => x.transpose([1, 0]).reverse(0).transpose([1, 0]).square(),
  'gather by an invariant': (x) => x.sqrt().gather(iota('C').reshape([1, 'C']).broadcastTo(['N', 'C']).mul(0), 1),
  scatter: (x) => x.square().scatterAdd(iota('C').reshape([1, 'C']).broadcastTo(['N', 'C']), 1, 'C'),
  sort: (x) => x.neg().sort(1),
  'matrix product': (x, w) => x.square().matmul(w),
  'invariants alone': (x, w) => x.matmul(w.matmul(w).exp()),
  'one value for all': (x, w) => x.mul(w.exp().sum()),
};

describe('hoist', () => {
  test.each(Object.entries(steps))('%s', (_, step) => {
    for (const [T, N, C] of [
      [4, 3, 2],
      [1, 1, 1],
      [0, 2, 3],
      [3, 0, 2],
    ] as const)
      for (const reverse of [false, true]) {
        const ran = scan({ init: [start], sequences: [sequence], invariants: [weight], reverse }, ([h], [x], [w]) => ({
          carries: [h!.mul(0.5).add(step(x!, w!))],
          outputs: [h!.sub(x!)],
        }));
        const after = expectSame(
          [...ran.carries, ...ran.outputs],
          { x: numbers(T, N, C), h: numbers(N, C), w: numbers(C, C) },
          { T, N, C },
        );
        // h·0.5 + moved, h − x, their operands, and at most a reshape or a broadcast.
        expect(bodySizes(after)[0]).toBeLessThanOrEqual(8);
      }
  });

  test('leaves a scan that has nothing to move', () => {
    const ran = scan({ init: [start], sequences: [sequence] }, ([h], [x]) => ({ carries: [h!.mul(x!)] }));
    const outputs = simplify(ran.carries);
    expect(hoist(outputs)).toEqual(outputs);
  });

  test('a step that reads no sequence keeps its number of steps', () => {
    const ran = scan({ init: [start], sequences: [sequence], invariants: [weight] }, ([h], _, [w]) => ({
      carries: [h!.matmul(w!.exp())],
    }));
    expectSame(ran.carries, { x: numbers(3, 2, 2), h: numbers(2, 2), w: numbers(2, 2) }, { T: 3, N: 2, C: 2 });
  });

  test('gradients, also of gradients', () => {
    const ran = scan({ init: [start], sequences: [sequence], invariants: [weight] }, ([h], [x], [w]) => ({
      carries: [h!.matmul(w!).add(x!).exp().add(1).log()],
      outputs: [h!.square()],
    }));
    const value = ran.carries[0]!.sum().add(ran.outputs[0]!.sum());
    const first = gradient(value, [sequence, start, weight]);
    const second = gradient(first[0]!.square().sum(), [sequence, weight]);
    expectSame(
      [value, ...first, ...second],
      { x: numbers(3, 2, 2), h: numbers(2, 2), w: numbers(2, 2) },
      { T: 3, N: 2, C: 2 },
    );
  });

  test('ctc: what its backward step recomputes leaves the loop', () => {
    const signature = {
      logProbs: { rank: 3 },
      targets: { rank: 2 },
      inputLengths: { rank: 1 },
      targetLengths: { rank: 1 },
    };
    const outputs = outputsOf(trace(ctc({ reduction: 'none' }), { signature, gradients: ['logProbs'] }));
    const ints = (shape: number[], data: number[]): NDArray => ({ shape, data: Int32Array.from(data) });
    const after = expectSame(
      outputs,
      {
        logProbs: { shape: [5, 2, 4], data: numbers(5, 2, 4).data.map((x) => x - 3) },
        targets: ints([2, 2], [1, 1, 3, 0]),
        inputLengths: ints([2], [5, 3]),
        targetLengths: ints([2], [2, 1]),
      },
      { T: 5, N: 2, C: 4, S: 2 },
    );
    const [forward, backward] = bodySizes(after);
    const [, unmoved] = bodySizes(simplify(expand(outputs)));
    expect(forward).toBeLessThan(45);
    expect(backward).toBeLessThan(unmoved! / 2);
  });
});
