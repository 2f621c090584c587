import { type Expr, expand, interpreter, make, simplify, topological } from '@isoloss/core';
import { expect, test } from 'vitest';
import { openSoftmax } from '../src/softmax.ts';

const x = make('input', [], { name: 'x', type: { dtype: 'float', shape: ['N', 'C'] } }) as Expr;
const g = make('input', [], { name: 'g', type: { dtype: 'float', shape: ['N', 1] } }) as Expr;
const inf = Number.POSITIVE_INFINITY;
const lines = [
  [1, 2, 3],
  [3, 3, 3],
  [700, -700, 699],
  [90, 0, -90],
  [-inf, 0, 1],
  [-inf, -inf, -inf],
  [inf, 1, 95],
  [inf, inf, 0],
  [Number.NaN, 0, 1],
  [-1e38, 3e38, 3e38],
];
const given = new Map([
  ['x', { shape: [lines.length, 3], data: Float64Array.from(lines.flat()) }],
  ['g', { shape: [lines.length, 1], data: Float64Array.from(lines, (_, k) => k - 4.5) }],
]);
const sizes = new Map([
  ['N', lines.length],
  ['C', 3],
]);
const logShares = x.logSoftmax(1);

test.each<[string, Expr]>([
  ['log p', logShares],
  ['p', logShares.exp()],
  ['1 − p', logShares.expm1().neg()],
  ['p with a factor of each line', logShares.exp().mul(g)],
  ['1 − p with a factor of each line', g.mul(logShares.expm1().neg())],
])('%s is that of the definition', (_, value) => {
  const [want] = interpreter(expand([value]))(given, sizes);
  const [got] = interpreter(openSoftmax([value]))(given, sizes);
  got!.data.forEach((number, k) => {
    const exact = want!.data[k]!;
    if (!Number.isFinite(exact)) expect(number, `[${k}]`).toBe(exact);
    else expect(Math.abs(number - exact), `[${k}]`).toBeLessThanOrEqual(1e-13 * Math.abs(exact));
  });
});

test('the gradient takes no exponential that the value has not taken', () => {
  const outputs = simplify([logShares.sum(), logShares.exp().mul(g), logShares.expm1().neg().mul(x)]);
  const ops = topological(openSoftmax(outputs)).map(({ op }) => op);
  expect(ops.filter((op) => op === 'exp').length).toBe(1);
  expect(ops).not.toContain('expm1');
});
