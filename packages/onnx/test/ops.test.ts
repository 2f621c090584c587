import {
  concat,
  constant,
  type Dim,
  type DType,
  type Expr,
  expand,
  type FloatDType,
  iota,
  logAddExp,
  make,
  type NDArray,
  type Op,
  type Primitive,
  primitives,
  scan,
  size,
  where,
  zeros,
} from '@isoloss/core';
import { describe, expect, test } from 'vitest';
import { kept, type overrides } from '../src/lower.ts';
import { bool, float, int, runOnnx, runReference, ulps } from './run.ts';

const input = (name: string, dtype: DType, shape: readonly Dim[]): Expr =>
  make('input', [], { name, type: { dtype, shape } }) as Expr;

/** Where every elementary function has something to get wrong, in float32 and float64. */
const special = [
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  2,
  -2,
  3,
  1.5,
  1e-3,
  -1e-3,
  1e-8,
  -1e-8,
  1e-20,
  1e-40,
  -1e-40,
  2 ** -149,
  -(2 ** -149),
  5e-324,
  2 ** -126,
  2 ** -1022,
  3.4028234663852886e38,
  -3.4028234663852886e38,
  1.7976931348623157e308,
  10,
  -10,
  40,
  41,
  -41,
  88.5,
  89,
  -87.5,
  -103,
  -104,
  700,
  709.5,
  710,
  -740,
  -746,
  1e10,
  1e300,
  -1 + 2 ** -24,
  -1 + 2 ** -53,
  -1.5,
  1 + 2 ** -23,
  1 - 2 ** -24,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  Number.NaN,
];
const few = [0, -0, 1, -1, 2.5, -3, 1e-40, 3e38, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN];
const pairs = few.flatMap((a) => few.map((b) => [a, b] as const));

interface Case {
  readonly outputs: Readonly<Record<string, Expr>>;
  readonly given: Readonly<Record<string, NDArray>>;
  readonly sizes: Readonly<Record<string, number>>;
  /** Units in the last place that the result may differ by. */
  readonly ulps?: number;
  /** Whether the sign of a zero counts: simplifying may change it, and ONNX Runtime's Where, Max and Relu lose it. */
  readonly signedZero?: boolean;
}

const x = input('x', 'float', ['N']);
const y = input('y', 'float', ['N']);
const unary = (value: Expr, ulps = 0, signedZero = true): Case[] => [
  {
    outputs: { value },
    given: { x: float([special.length], special) },
    sizes: { N: special.length },
    ulps,
    signedZero,
  },
  { outputs: { value }, given: { x: float([0], []) }, sizes: { N: 0 } },
];
/** Angles within a turn, ±0 and what has no sine. */
const angles = [
  ...[0, -0, 1e-8, -1e-3, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN],
  ...Array.from({ length: 49 }, (_, k) => (k - 24) * 0.2617),
];
const turn = (value: Expr): Case[] => [
  { outputs: { value }, given: { x: float([angles.length], angles) }, sizes: { N: angles.length }, ulps: 2 },
  { outputs: { value }, given: { x: float([0], []) }, sizes: { N: 0 } },
];
const binary = (value: Expr, signedZero = true): Case[] => [
  {
    outputs: { value },
    given: {
      x: float(
        [pairs.length],
        pairs.map(([a]) => a),
      ),
      y: float(
        [pairs.length],
        pairs.map(([, b]) => b),
      ),
    },
    sizes: { N: pairs.length },
    signedZero,
  },
  { outputs: { value }, given: { x: float([0], []), y: float([0], []) }, sizes: { N: 0 } },
];
const i = input('i', 'int', ['N']);
const j = input('j', 'int', ['N']);
const ints = (value: Expr): Case[] => [
  {
    outputs: { value },
    given: { i: int([5], [0, 7, -7, 2147483647, -3]), j: int([5], [0, -7, -7, 5, -2147483648]) },
    sizes: { N: 5 },
  },
];
const p = input('p', 'bool', ['N']);
const q = input('q', 'bool', ['N']);
const bools = (value: Expr): Case[] => [
  { outputs: { value }, given: { p: bool([4], [0, 0, 1, 1]), q: bool([4], [0, 1, 0, 1]) }, sizes: { N: 4 } },
];

const m = input('m', 'float', ['N', 'C']);
const matrix = float([3, 4], [1, 5, 5, -2, Number.NaN, 1, 2, 3, Number.NEGATIVE_INFINITY, -1, -1, 0.5]);
const shapes: readonly (readonly [number, number])[] = [
  [3, 4],
  [0, 4],
  [3, 0],
  [0, 0],
  [1, 1],
];
/** Matrices of several shapes, empty ones too; `numbers` fill the first. */
const matrices = (value: Expr, numbers: NDArray = matrix, rest: Partial<Case> = {}): Case[] =>
  shapes.map(([N, C]) => ({
    outputs: { value },
    given: {
      m:
        N * C === 12
          ? numbers
          : float(
              [N, C],
              Array.from({ length: N * C }, (_, k) => k - 1.5),
            ),
    },
    sizes: { N, C },
    ...rest,
  }));
/** Rows of which all or some are infinite, and a confident one. */
const infinite = float(
  [3, 4],
  [-Infinity, -Infinity, -Infinity, -Infinity, -Infinity, 3, Number.POSITIVE_INFINITY, 0, 90, -60, 40, -1e4],
);
/** Every place for a NaN in a row longer than any vector register. */
const nanRows = (): NDArray => {
  const n = 67;
  return float(
    [n, n],
    Array.from({ length: n * n }, (_, k) => (k % n === Math.floor(k / n) ? Number.NaN : Math.sin(k))),
  );
};

const label = m.lt(0).toInt().sum(1, true).minimum(3).minimum(size('C').sub(1));
const labelled = where(iota('C').reshape([1, 'C']).eq(label), m.gather(label, 1).mul(10), m);

const sorting = [
  2,
  1,
  Number.NaN,
  1,
  Number.POSITIVE_INFINITY,
  -0,
  0,
  Number.NaN,
  2,
  Number.NEGATIVE_INFINITY,
  1,
  Number.POSITIVE_INFINITY,
];
const t = input('t', 'float', ['T', 'N']);
const w = input('w', 'float', ['N']);

/** Running products and sums with an invariant, in both directions: final carries, history (through the gradient) and outputs. */
const recurrence = (reverse: boolean): Expr[] => {
  const ran = scan(
    { init: [w, zeros({ dtype: 'int', shape: ['N'] })], sequences: [t], invariants: [w], reverse },
    ([total, steps], [entry], [scale]) => {
      const next = total!.mul(0.5).add(entry!.mul(scale!));
      return { carries: [next, steps!.add(1)], outputs: [next.sub(entry!)] };
    },
  );
  const history = make('output', [ran.carries[0]!.inputs[0]!], { index: 2 }) as Expr;
  return [...ran.carries, ...ran.outputs, history];
};

const cases: Record<Exclude<Primitive, 'input' | 'output'>, Case[]> = {
  constant: [...unary(x.mul(0).add(Number.NaN)), ...unary(where(x.eq(x), Number.NEGATIVE_INFINITY, 0.1))],
  size: matrices(
    m
      .sum()
      .mul(0)
      .isNaN()
      .toInt()
      .mul(0)
      .add(size('N').add(size('2*C+1')).mul(size('N*C'))),
  ),
  iota: matrices(concat([iota('C'), iota(3), iota('2*N+1'), m.lt(0).toInt().reshape(['N*C'])], 0)),
  add: [...binary(x.add(y)), ...ints(i.add(-3))],
  sub: [...binary(x.sub(y)), ...ints(j.sub(-1).mul(0))],
  mul: [...binary(x.mul(y)), ...ints(i.sub(i.sub(2)).mul(3))],
  div: binary(x.div(y)),
  minimum: [...binary(x.minimum(y), false), ...ints(i.minimum(j))],
  maximum: [...binary(x.maximum(y), false), ...ints(i.maximum(j))],
  neg: [...unary(x.neg()), ...ints(i.neg())],
  abs: unary(x.abs()),
  sign: unary(x.sign(), 0, false),
  sqrt: unary(x.sqrt()),
  sin: turn(x.sin()),
  cos: turn(x.cos()),
  atan: unary(x.atan(), 2, false),
  exp: unary(x.exp(), 2),
  expm1: unary(x.expm1(), 4, false),
  log: unary(x.log(), 4),
  log1p: unary(x.log1p(), 4, false),
  relu: [...unary(x.relu(), 0, false), ...binary(x.sub(y).relu(), false)],
  pow: [0, 0.5, -1, -0.5, 1.5, 3, -2, 0.1, 5].flatMap((exponent) => unary(make('pow', [x], { exponent }) as Expr, 2)),
  equal: [...binary(x.eq(y)), ...ints(i.eq(j))],
  less: [...binary(x.lt(y)), ...ints(i.lt(j))],
  lessEqual: [...binary(x.le(y)), ...ints(i.le(j))],
  isNaN: unary(x.isNaN()),
  isFinite: unary(x.isFinite()),
  and: bools(p.and(q)),
  or: bools(p.or(q)),
  not: bools(p.and(q).not()),
  where: [
    ...binary(where(x.lt(y), x, y), false),
    ...ints(where(i.lt(j), j, 4)),
    // One element of each line, at a label that something gathers by.
    ...matrices(labelled, matrix).filter(({ sizes }) => sizes.C! > 0 || sizes.N === 0),
  ],
  cast: [
    ...bools(p.and(q).toFloat()),
    ...bools(p.or(q).toInt()),
    ...ints(i.toFloat()),
    ...unary(make('cast', [x], { dtype: 'bool' }) as Expr),
  ],
  stopGradient: unary(x.stopGradient().add(1).sub(1).mul(0).isNaN()),
  reshape: [
    ...matrices(m.reshape(['N*C'])),
    ...matrices(m.reshape(['N', 1, 'C', 1])),
    ...matrices(m.expandDims(0).expandDims(2).squeeze(0).squeeze(1).reshape(['C', 1, 'N'])),
    ...matrices(m.expandDims(0).reshape(['N', 'C', 1])),
  ],
  broadcastTo: [
    ...matrices(m.expandDims(1).broadcastTo(['N', 5, 'C'])),
    ...matrices(m.broadcastTo(['C', 'N', 'C'])),
    ...bools(p.and(q).expandDims(0).broadcastTo([2, 'N'])),
  ],
  transpose: [...matrices(m.transpose([1, 0])), ...matrices(m.expandDims(0).transpose([2, 0, 1]))],
  slice: [
    ...matrices(concat([m, m, m], 1).slice(1, 'C', '2*C')),
    ...matrices(concat([m, m], 0).slice(0, 0, 'N')),
    ...bools(p.and(q).slice(0, 1, 3)),
    // Shifts, which become Pad.
    ...[1, 2].flatMap((by) => {
      const block = constant(-7).broadcastTo(['N', by]);
      return [
        ...matrices(concat([block, m], 1).slice(1, 0, 'C')),
        ...matrices(concat([m, block], 1).slice(1, by, `C+${by}`)),
        ...matrices(concat([block, m, block], 1).slice(1, by, `C+${2 * by}`)),
      ];
    }),
  ],
  reverse: [...matrices(m.reverse(0)), ...matrices(m.reverse(1)), ...bools(p.and(q).reverse(0))],
  concat: [...matrices(concat([m, m.neg()], 0)), ...matrices(concat([m, m.add(1)], 1)), ...bools(concat([p, q], 0))],
  sum: [
    ...matrices(m.sum()),
    ...matrices(m.sum(0)),
    ...matrices(m.sum(1, true)),
    ...matrices(m.lt(0).toInt().sum(0)),
    ...matrices(make('sum', [m], { axes: [], keepDims: false }) as Expr),
    ...binary(x.expandDims(0).sum(0)),
  ],
  max: [
    ...matrices(m.max()),
    ...matrices(m.max(0)),
    ...matrices(m.max(1, true)),
    ...matrices(m.lt(0).any(1)),
    ...[0, 1, 'all' as const].map((axes) => ({
      outputs: { value: m.max(axes) },
      given: { m: nanRows() },
      sizes: { N: 67, C: 67 },
    })),
  ],
  matmul: [
    ...matrices(m.matmul(m.transpose([1, 0])), float([3, 4], [1, 2, 3, 4, -1, 0, 0.5, 2, 0, 0, 8, -4])),
    ...matrices(m.expandDims(0).matmul(m.transpose([1, 0])), float([3, 4], [1, 2, 3, 4, -1, 0, 0.5, 2, 0, 0, 8, -4])),
  ],
  gather: [
    ...matrices(m.gather(iota('N').mul(0).expandDims(1), 1)).filter(({ sizes }) => sizes.C! > 0 || sizes.N === 0),
    ...matrices(m.rows(iota('N').reverse(0))),
    ...matrices(concat([m, m], 0).gather(iota('C').reshape([1, 'C']).mul(0).add(1), 0)).filter((c) => c.sizes.N! > 0),
  ],
  scatterAdd: [
    ...matrices(m.scatterAdd(iota('C').reshape([1, 'C']).broadcastTo(['N', 'C']).mul(0), 1, 3)),
    ...matrices(m.scatterAdd(iota('N').reshape(['N', 1]).broadcastTo(['N', 'C']), 0, '2*N')),
    // Runs of equal positions, of which some coincide.
    ...matrices(m.scatterAdd(iota('N').mul(0).reshape(['N', 1]).broadcastTo(['N', 'C']), 0, 2)),
    ...matrices(m.scatterAdd(iota('C').reverse(0).reshape([1, 'C']).broadcastTo(['N', 'C']), 1, 'C')),
    ...matrices(
      m
        .expandDims(0)
        .broadcastTo([3, 'N', 'C'])
        .scatterAdd(m.lt(0).toInt().expandDims(0).broadcastTo([3, 'N', 'C']), 2, 4),
    ),
  ],
  argsort: [
    { outputs: { value: x.argsort(0) }, given: { x: float([sorting.length], sorting) }, sizes: { N: sorting.length } },
    ...matrices(m.argsort(0)),
    ...matrices(m.argsort(1)),
    // Long enough for every algorithm that TopK may choose, with many ties.
    {
      outputs: { value: x.argsort(0) },
      given: {
        x: float(
          [3000],
          Array.from({ length: 3000 }, (_, k) => (k % 97 === 0 ? Number.NaN : (k * 7919) % 53)),
        ),
      },
      sizes: { N: 3000 },
    },
  ],
  cumsum: [true, false].flatMap((exclusive) =>
    [true, false].flatMap((reverse) => [
      ...matrices(m.cumsum(1, { exclusive, reverse })),
      ...matrices(m.cumsum(0, { exclusive, reverse })),
    ]),
  ),
  scan: [false, true].flatMap((reverse) =>
    [
      [4, 3],
      [1, 2],
      [0, 3],
      [5, 0],
    ].flatMap(([T, N]) =>
      recurrence(reverse).map((value) => ({
        outputs: { value },
        given: {
          t: float(
            [T!, N!],
            Array.from({ length: T! * N! }, (_, k) => k * 0.25 - 1),
          ),
          w: float(
            [N!],
            Array.from({ length: N! }, (_, k) => k + 0.5),
          ),
        },
        sizes: { T: T!, N: N! },
      })),
    ),
  ),
};

const same = (got: number, expected: number, dtype: FloatDType, { ulps: limit = 0, signedZero = false }: Case) =>
  ulps(got, expected, dtype) <= limit && (!signedZero || got !== 0 || Object.is(got, expected));

describe.each(['float32', 'float64'] as const)('primitives in %s', (dtype) => {
  test.each(Object.entries(cases))('%s', async (_, list) => {
    for (const entry of list) {
      const [expected] = runReference(entry.outputs, entry.given, dtype, entry.sizes);
      for (const graphOptimizationLevel of ['all', 'disabled'] as const) {
        const [got] = await runOnnx(entry.outputs, entry.given, dtype, { graphOptimizationLevel });
        expect(got!.shape).toEqual(expected!.shape);
        const wrong = [...expected!.data].flatMap((value, k) =>
          same(got!.data[k]!, value, dtype, entry)
            ? []
            : [
                {
                  at: k,
                  of: Object.values(entry.given).map(({ data }) => data[k]),
                  got: got!.data[k],
                  expected: value,
                },
              ],
        );
        expect(wrong, `optimisations ${graphOptimizationLevel}`).toEqual([]);
      }
    }
  });
});

/** Pairs of logarithms: near, far and equal. */
const logarithms = (value: Expr): Case[] => {
  const given = [
    [-700, -700.5],
    [-88, -88],
    [-1e4, -3],
    [-1e-9, -20],
    [500, 499],
    [-30, 1e-3],
  ];
  const column = (k: number) =>
    float(
      [given.length],
      given.map((pair) => pair[k]!),
    );
  return [{ outputs: { value }, given: { x: column(0), y: column(1) }, sizes: { N: given.length } }];
};

/** Stable operations that we lower ourselves, as we lower them and opened up. */
const stable: Record<keyof typeof overrides, Case[]> = {
  softplus: unary(x.softplus(), 5, false),
  logAddExp: [logAddExp(x, y), logAddExp(x, y, x), logAddExp(x, constant(-3), y)].flatMap((value) =>
    [...binary(value), ...logarithms(value)].map((entry) => ({ ...entry, ulps: 6, signedZero: false })),
  ),
  logSumExp: [0, 1].flatMap((axis) => [
    ...matrices(m.logSumExp(axis), matrix, { ulps: 5 }),
    ...matrices(m.logSumExp(axis), infinite, { ulps: 5 }),
    { outputs: { value: m.logSumExp(axis) }, given: { m: nanRows() }, sizes: { N: 67, C: 67 }, ulps: 5 },
  ]),
  logSoftmax: [0, 1].flatMap((axis) => [
    ...matrices(m.logSoftmax(axis), matrix, { ulps: 5 }),
    ...matrices(m.logSoftmax(axis), infinite, { ulps: 5 }),
    { outputs: { value: m.logSoftmax(axis) }, given: { m: nanRows() }, sizes: { N: 67, C: 67 }, ulps: 5 },
  ]),
};

describe.each(['float32', 'float64'] as const)('stable operations in %s', (dtype) => {
  test.each(Object.entries(stable))('%s', async (_, list) => {
    for (const entry of list) {
      const [expected] = runReference(entry.outputs, entry.given, dtype, entry.sizes);
      for (const keep of [kept, new Set<Op>()]) {
        const [value] = expand(Object.values(entry.outputs), keep);
        const [got] = await runOnnx({ value: value! }, entry.given, dtype);
        expect(got!.shape).toEqual(expected!.shape);
        const wrong = [...expected!.data].flatMap((number, k) =>
          same(got!.data[k]!, number, dtype, entry) ? [] : [{ at: k, got: got!.data[k], expected: number }],
        );
        expect(wrong, keep.size > 0 ? 'our own' : 'opened up').toEqual([]);
      }
    }
  });
});

test('every primitive has a case', () => {
  expect(Object.keys(cases).sort()).toEqual(
    Object.keys(primitives)
      .filter((name) => name !== 'input' && name !== 'output')
      .sort(),
  );
});
