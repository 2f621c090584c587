import { type Expr, expand, type FloatDType, gradient, make, type NDArray, where } from '@isoloss/core';
import { describe, expect, test } from 'vitest';
import { kept } from '../src/lower.ts';
import { programGraph } from '../src/program.ts';
import { float, int, programOf, runOnnx, runReference, ulps } from './run.ts';

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
const m = make('input', [], { name: 'm', type: { dtype: 'float', shape: ['N', 'C'] } }) as Expr;
const k = make('input', [], { name: 'k', type: { dtype: 'int', shape: ['N'] } }) as Expr;
const operations = (outputs: Readonly<Record<string, Expr>>): string[] =>
  programGraph(programOf(outputs), { float: 'float32', labels: 'int64', opset: 18 }).nodes.map(({ op }) => op);

const lines: readonly (readonly number[])[] = [
  [1, 2, 3, -5],
  [3, 3, 3, 3],
  [700, -700, 699.5, 0],
  [0.25, 90, 90, -90],
  [-1e-6, 0, -1e-7, -20],
  [-inf, 0, 1, -inf],
  [-inf, -inf, -inf, -inf],
  [inf, 1, 95, -3],
  [inf, inf, -inf, 0],
  [nan, 0, 1, 2],
  [2, 1, 0, nan],
  [-inf, nan, inf, 0],
];
const matrices: readonly NDArray[] = [
  float([lines.length, 4], lines.flat()),
  float(
    [lines.length, 1],
    lines.flatMap(([first]) => [first!]),
  ),
  // Beyond the width of a vector, with one NaN somewhere in each line.
  float(
    [40, 40],
    Array.from({ length: 1600 }, (_, at) => (at % 41 === 7 ? nan : Math.fround(Math.sin(at) * 9))),
  ),
  float([0, 3], []),
  float([3, 0], []),
];

type Limit = (expected: number) => number;
const within =
  (limit: number): Limit =>
  () =>
    limit;
/** The rounding of a logit counts in its exponential by the logit's size. */
const beside =
  (limit: number): Limit =>
  (expected) =>
    limit + (expected > 0 && expected < 1 ? -Math.log(expected) : 0);

async function compare(value: Expr, given: Readonly<Record<string, NDArray>>, dtype: FloatDType, limit: Limit) {
  const [N, C] = given.m!.shape;
  const [expected] = runReference({ value }, given, dtype, { N: N!, C: C! });
  const [ours] = expand([value], kept);
  for (const graphOptimizationLevel of ['all', 'disabled'] as const) {
    const [got] = await runOnnx({ value: ours! }, given, dtype, { graphOptimizationLevel });
    expect(got!.shape).toEqual(expected!.shape);
    const wrong = [...expected!.data].flatMap((number, at) =>
      ulps(got!.data[at]!, number, dtype) <= limit(number) ? [] : [{ at, got: got!.data[at], expected: number }],
    );
    expect(wrong, `${got!.shape}, optimisations ${graphOptimizationLevel}`).toEqual([]);
  }
}

describe.each(['float32', 'float64'] as const)('%s', (dtype) => {
  const logShares = m.logSoftmax(1);
  const factor = m.max(1, true).minimum(3).maximum(-3);
  test.each<[string, Expr, Limit]>([
    ['p', logShares.exp(), beside(6)],
    ['1 − p', logShares.expm1().neg(), within(6)],
    ['p with a factor of each line', logShares.exp().mul(factor), (expected) => beside(7)(Math.abs(expected / 3))],
    ['1 − p with a factor of each line', factor.mul(logShares.expm1().neg()), within(7)],
    ['p along the other axis', m.logSoftmax(0).exp(), beside(6)],
    ['sum of squares', m.mul(0.5).square().sum(), within(4)],
    ['sum of magnitudes', m.abs().sum(), within(4)],
    ['sums of squares along an axis', m.square().sum(1), within(4)],
    ['the mark of what is illegal', where(m.gt(0), nan, 1), within(0)],
    ['the mark of what is legal', where(m.gt(0), 1, nan), within(0)],
    ['signs', m.sign(), within(0)],
  ])('%s', async (_, value, limit) => {
    for (const matrix of matrices) await compare(value, { m: matrix }, dtype, limit);
  });

  test('a picked log p', async () => {
    const picked = logShares.pick(k, 1);
    const labels = int(
      [lines.length],
      lines.map((_, at) => at % 4),
    );
    await compare(picked, { m: matrices[0]!, k: labels }, dtype, within(6));
  });
});

test('sums of squares and of magnitudes have no terms in memory', () => {
  expect(operations({ value: m.square().sum() })).not.toContain('Mul');
  expect(operations({ value: m.abs().sum() })).not.toContain('Abs');
});

test('a picked log p and its gradient take the exponentials once', () => {
  const picked = m.logSoftmax(1).pick(k, 1).sum();
  const [slope] = gradient(picked, [m]);
  const ops = operations(
    Object.fromEntries(['value', 'slope'].map((name, at) => [name, expand([picked, slope!], kept)[at]!])),
  );
  // The other one is of a column, for 1 − p of the class picked.
  expect(ops.filter((name) => name === 'Exp').length).toBe(2);
});
