import {
  concat,
  constant,
  type DType,
  type Expr,
  interpreter,
  iota,
  make,
  type NDArray,
  type Primitive,
  primitives,
  scan,
  size,
  sizeOf,
  where,
} from '@isoloss/core';
import { describe, expect, test } from 'vitest';
import { tfjsBackend } from '../src/backend.ts';
import { plan, runPlan } from '../src/execute.ts';
import { lower, tfDType } from '../src/lower.ts';
import type { Runtime } from '../src/runtime.ts';
import type { TensorFlow } from '../src/tensorflow.ts';
import { runtimes, withoutLeaks } from './runtimes.ts';

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
const specials = [
  [nan, inf, -inf, 0, -0, 1, -1, 0.5, -0.5, 1.5, -1.5, 2, -2, 3, 100, -100, 1e-7, -1e-7, 1e-4, -1e-4, 88.5, -87],
  [3.4028234663852886e38, -3.4028234663852886e38, 1.1754943508222875e-38, -1.1754943508222875e-38, 89, -105],
  [1.401298464324817e-45, 9.99994610111476e-41, -9.99994610111476e-41, 16777216, 1 + 2 ** -23, 1 - 2 ** -24],
]
  .flat()
  .map(Math.fround);

const float = (shape: readonly number[], data: readonly number[]): NDArray => ({
  shape,
  data: Float64Array.from(data),
});
const int = (shape: readonly number[], data: readonly number[]): NDArray => ({ shape, data: Int32Array.from(data) });
const bool = (shape: readonly number[], data: readonly number[]): NDArray => ({ shape, data: Uint8Array.from(data) });
const dtypeOf = ({ data }: NDArray): DType =>
  data instanceof Float64Array ? 'float' : data instanceof Int32Array ? 'int' : 'bool';

interface Case {
  readonly op: Primitive;
  readonly inputs: readonly NDArray[];
  readonly build: (...inputs: Expr[]) => Expr;
  /** Largest error in ULP; 0 unless said. */
  readonly ulp?: number;
}

const column = float([specials.length, 1], specials);
const turn = float(
  [34],
  [nan, inf, -inf, 0, -0, 1e-7, -1e-4, 0.5, 3, ...Array.from({ length: 25 }, (_, k) => (k - 12) * 0.5235)].map(
    Math.fround,
  ),
);
const row = float([1, specials.length], specials);
const vector = float([specials.length], specials);
const some = float([2, 3, 2], [3, -1, nan, 2, -inf, 5, 0, 7, inf, 0.25, -2, 1]);
const flags = bool([2, 3], [1, 0, 0, 1, 1, 0]);
const counts = int([2, 3], [5, -7, 0, 16777217, 2, 3]);
const none = float([0, 3], []);

const unary = (op: Primitive, ulp = 0, x = vector): Case => ({
  op,
  inputs: [x],
  ulp,
  build: (e) => make(op as 'abs', [e!]) as Expr,
});
/** Of ∞ − ∞: unlike a NaN that is given, it has its sign bit set. */
const ofDifference = (op: Primitive): Case => ({
  op,
  inputs: [float([5], [inf, 3, -inf, nan, 1]), float([5], [inf, 1, -inf, 0, 2])],
  ulp: 4,
  build: (a, b) => make(op as 'abs', [a!.sub(b!)]) as Expr,
});
const binary = (op: Primitive): Case[] => [
  { op, inputs: [column, row], build: (a, b) => make(op as 'add', [a!, b!]) as Expr },
  ...[2, -0.5, 0, inf].flatMap((c): Case[] => [
    { op, inputs: [vector], build: (a) => make(op as 'add', [a!, constant(c)]) as Expr },
    { op, inputs: [vector], build: (a) => make(op as 'add', [constant(c), a!]) as Expr },
  ]),
];
const integers = (op: Primitive): Case => ({
  op,
  inputs: [counts, int([1, 3], [2, -7, 1])],
  build: (a, b) => make(op as 'add', [a!, b!]) as Expr,
});
const logic = (op: Primitive): Case => ({
  op,
  inputs: [flags, bool([1, 3], [1, 0, 1])],
  build: (a, b) => make(op as 'and', [a!, b!]) as Expr,
});

const indices = int([2, 2, 2], [0, 2, 1, 1, 2, 0, 0, 0]);
const ties = float([2, 7], [1, 3, 1, nan, -inf, 3, inf, nan, 0, -0, inf, nan, 0, -1]);
const long = float(
  [1, 300],
  Array.from({ length: 300 }, (_, k) => (k * 7) % 5),
);
const deep = float(
  [2, 1, 3, 1, 2, 1],
  Array.from({ length: 12 }, (_, k) => k),
);

const cases: readonly Case[] = [
  { op: 'input', inputs: [some], build: (x) => x! },
  { op: 'constant', inputs: [], build: () => constant(-0.1) },
  { op: 'constant', inputs: [], build: () => constant(16777217, 'int') },
  { op: 'size', inputs: [some], build: () => size(7) },
  { op: 'iota', inputs: [some], build: () => iota(5) },
  ...(['add', 'sub', 'mul', 'div', 'minimum', 'maximum', 'equal', 'less', 'lessEqual'] as const).flatMap(binary),
  ...(['add', 'sub', 'mul', 'minimum', 'maximum', 'equal', 'less', 'lessEqual'] as const).map(integers),
  ...(['neg', 'abs', 'sign', 'relu', 'isNaN', 'isFinite', 'stopGradient'] as const).map((op) => unary(op)),
  unary('sqrt', 1),
  unary('exp', 2),
  unary('expm1', 4),
  unary('log', 4),
  unary('log1p', 4),
  unary('sin', 4, turn),
  unary('cos', 4, turn),
  unary('atan', 4),
  ...(['relu', 'sign', 'abs', 'sqrt', 'exp', 'expm1', 'log', 'log1p', 'isNaN', 'isFinite'] as const).map(ofDifference),
  ...(['sin', 'cos', 'atan'] as const).map(ofDifference),
  ...(['minimum', 'maximum', 'less', 'equal'] as const).flatMap((op): Case[] => [
    { ...ofDifference(op), build: (a, b) => make(op, [a!.sub(b!), constant(1)]) as Expr },
    { ...ofDifference(op), build: (a, b) => make(op, [constant(1), a!.sub(b!)]) as Expr },
    { ...ofDifference(op), build: (a, b) => make(op, [a!.sub(b!), b!]) as Expr },
  ]),
  { ...ofDifference('max'), build: (a, b) => a!.sub(b!).max() },
  { ...ofDifference('argsort'), build: (a, b) => a!.sub(b!).argsort(0) },
  { ...ofDifference('cast'), build: (a, b) => make('cast', [a!.sub(b!)], { dtype: 'bool' }) as Expr },
  ...[0.5, 1.5, -1, 3, 0, -0.5].map(
    (exponent): Case => ({
      op: 'pow',
      inputs: [vector],
      ulp: 4,
      build: (x) => make('pow', [x!], { exponent }) as Expr,
    }),
  ),
  logic('and'),
  logic('or'),
  { op: 'not', inputs: [flags], build: (x) => x!.not() },
  { op: 'where', inputs: [bool([2, 1], [1, 0]), row, column], build: (_, a, b) => where(a!.lt(b!), a!, b!) },
  { op: 'where', inputs: [flags, counts], build: (c, a) => where(c!, a!, 3) },
  { op: 'where', inputs: [flags, float([1, 3], [nan, inf, -inf])], build: (c, a) => where(c!, a!, nan) },
  { op: 'cast', inputs: [flags], build: (x) => x!.toFloat() },
  { op: 'cast', inputs: [flags], build: (x) => x!.toInt() },
  { op: 'cast', inputs: [float([4], [1.75, -1.75, 2, -0])], build: (x) => x!.toInt() },
  { op: 'cast', inputs: [counts], build: (x) => x!.toFloat() },
  { op: 'cast', inputs: [counts], build: (x) => make('cast', [x!], { dtype: 'bool' }) as Expr },
  { op: 'cast', inputs: [vector], build: (x) => make('cast', [x!], { dtype: 'bool' }) as Expr },
  ...[some, flags, counts, deep].flatMap((x): Case[] => {
    const { shape } = x;
    const reversed = shape.map((_, axis) => shape.length - 1 - axis);
    return [
      { op: 'reshape', inputs: [x], build: (e) => e!.reshape([...shape].reverse()) },
      { op: 'transpose', inputs: [x], build: (e) => e!.transpose(reversed) },
      { op: 'broadcastTo', inputs: [x], build: (e) => e!.reshape([1, ...shape]).broadcastTo([3, ...shape]) },
      { op: 'slice', inputs: [x], build: (e) => e!.slice(-2, 0, 1) },
      ...shape.map((_, axis): Case => ({ op: 'reverse', inputs: [x], build: (e) => e!.reverse(axis) })),
      ...shape.map((_, axis): Case => ({ op: 'concat', inputs: [x, x], build: (a, b) => concat([a!, b!, a!], axis) })),
    ];
  }),
  { op: 'broadcastTo', inputs: [none], build: () => constant(2).broadcastTo([0, 3]) },
  { op: 'broadcastTo', inputs: [float([1, 3], [1, 2, 3])], build: (x) => x!.broadcastTo([0, 3]) },
  { op: 'concat', inputs: [none, float([1, 3], [1, 2, 3])], build: (a, b) => concat([a!, b!, a!], 0) },
  ...[[0], [1], [2], [0, 1, 2], [0, 2], []].flatMap((axes): Case[] => [
    { op: 'sum', inputs: [some], build: (x) => x!.sum(axes) },
    { op: 'sum', inputs: [float([2, 3, 2], [...Array(12).keys()])], build: (x) => x!.sum(axes, true) },
    { op: 'max', inputs: [some], build: (x) => x!.max(axes) },
    { op: 'max', inputs: [float([2, 3, 2], [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8])], build: (x) => x!.max(axes, true) },
  ]),
  { op: 'sum', inputs: [counts], build: (x) => x!.sum(0) },
  ...(['sum', 'max'] as const).flatMap((op): Case[] => [
    ...[[0], [1], [0, 1]].map((axes): Case => ({ op, inputs: [none], build: (x) => x![op](axes) })),
    { op, inputs: [deep], build: (x) => x![op]([1, 4]) },
    { op, inputs: [float([3], [-inf, -inf, -inf])], build: (x) => x![op]() },
    { op, inputs: [float([], [nan])], build: (x) => x![op]() },
  ]),
  {
    op: 'matmul',
    inputs: [float([2, 3], [1, 2, 3, 4, 5, 6]), float([3, 2], [1, 0, 0, 1, 2, 2])],
    build: (a, b) => a!.matmul(b!),
  },
  { op: 'matmul', inputs: [some, float([2, 1], [1, 2])], build: (a, b) => a!.matmul(b!) },
  {
    op: 'matmul',
    inputs: [float([1, 3], [1, 0, 2]), float([2, 3, 1], [1, inf, 0, 1, nan, 2])],
    build: (a, b) => a!.matmul(b!),
  },
  { op: 'matmul', inputs: [float([2, 0], []), none], build: (a, b) => a!.matmul(b!) },
  { op: 'matmul', inputs: [none, float([3, 2], [1, 2, 3, 4, 5, 6])], build: (a, b) => a!.matmul(b!) },
  ...[some, int([2, 3, 2], [...Array(12).keys()])].map(
    (x): Case => ({ op: 'gather', inputs: [x, indices], build: (a, i) => a!.gather(i!, 1) }),
  ),
  { op: 'gather', inputs: [some, int([2, 3, 1], [0, 1, 1, 0, 1, 1])], build: (a, i) => a!.gather(i!, 2) },
  {
    op: 'gather',
    inputs: [
      some,
      int(
        [3, 3, 2],
        Array.from({ length: 18 }, (_, k) => k % 2),
      ),
    ],
    build: (a, i) => a!.gather(i!, 0),
  },
  { op: 'gather', inputs: [some, int([2, 0, 2], [])], build: (a, i) => a!.gather(i!, 1) },
  {
    op: 'scatterAdd',
    inputs: [float([2, 2, 2], [1, 2, 3, nan, 5, 6, 7, inf]), indices],
    build: (a, i) => a!.scatterAdd(i!, 1, 4),
  },
  {
    op: 'scatterAdd',
    inputs: [float([4], [1, 2, 3, 4]), int([4], [2, 2, 0, 2])],
    build: (a, i) => a!.scatterAdd(i!, 0, 3),
  },
  { op: 'scatterAdd', inputs: [float([2, 0], []), int([2, 0], [])], build: (a, i) => a!.scatterAdd(i!, 1, 2) },
  ...[ties, long].flatMap((x): Case[] => [
    { op: 'argsort', inputs: [x], build: (e) => e!.argsort(1) },
    { op: 'argsort', inputs: [x], build: (e) => e!.transpose([1, 0]).argsort(0) },
  ]),
  { op: 'argsort', inputs: [some], build: (x) => x!.argsort(1) },
  ...[0, 1, 2].flatMap((axis): Case[] =>
    [true, false].flatMap((exclusive): Case[] =>
      [true, false].map((reverse) => ({
        op: 'cumsum',
        inputs: [some],
        build: (x) => x!.cumsum(axis, { exclusive, reverse }),
      })),
    ),
  ),
  ...[false, true].map(
    (reverse): Case => ({
      op: 'scan',
      inputs: [float([4, 2], [1, 2, 3, 4, 5, 6, 7, 8]), float([2], [1, -1]), bool([4], [1, 0, 1, 1])],
      build: (sequence, init, active) => {
        const { carries, outputs } = scan(
          { init: [init!], sequences: [sequence!, active!.expandDims(1)], invariants: [init!], reverse },
          ([carry], [slice, on], [bias]) => {
            const next = where(on!, carry!.mul(0.5).add(slice!), carry!).add(bias!);
            return { carries: [next], outputs: [next.sub(slice!), on!.toFloat()] };
          },
        );
        return concat([outputs[0]!.sum(0), outputs[1]!.sum(0), carries[0]!], 0);
      },
    }),
  ),
  {
    op: 'output',
    inputs: [float([0, 2], []), float([2], [3, 4])],
    build: (sequence, init) =>
      scan({ init: [init!], sequences: [sequence!] }, ([carry], [slice]) => ({ carries: [carry!.add(slice!)] }))
        .carries[0]!,
  },
];

const inputOf = (x: NDArray, k: number): Expr =>
  make('input', [], { name: `x${k}`, type: { dtype: dtypeOf(x), shape: x.shape } }) as Expr;

function onTensorFlow(
  runtime: Runtime,
  output: Expr,
  inputs: readonly NDArray[],
  tf: TensorFlow = runtime.tf,
): NDArray {
  return withoutLeaks(runtime, () => {
    let result: NDArray | undefined;
    tf.tidy(() => {
      const given = new Map(
        inputs.map((x, k) => {
          const data = x.data instanceof Float64Array ? Float32Array.from(x.data) : x.data;
          return [`x${k}`, tf.tensor(data, [...x.shape], tfDType(dtypeOf(x)))];
        }),
      );
      const [tensor] = runPlan(tf, plan([output], false), given, new Map());
      result = { shape: tensor!.shape, data: Float64Array.from(tensor!.dataSync()) };
      expect(tensor!.dtype).toBe(tfDType(output.type.dtype));
    });
    return result!;
  });
}

const flushed = (x: NDArray): NDArray =>
  x.data instanceof Float64Array
    ? { ...x, data: x.data.map((value) => (Math.abs(value) < 2 ** -126 ? value * 0 : value)) }
    : x;

/** Distance in units in the last place of float32; 0 for equal zeros, NaNs and infinities. */
function ulps(got: number, exact: number): number {
  const want = Math.fround(exact);
  if (got === want || (Number.isNaN(got) && Number.isNaN(want))) return 0;
  // An infinity may stand for what is within rounding of the largest float.
  if (!Number.isFinite(got) || !Number.isFinite(want))
    return Math.abs(exact) > 3.4028234e38 && Math.abs(got) > 3.4028234e38 && got > 0 === exact > 0 ? 1 : inf;
  const exponent = Math.max(-126, Math.floor(Math.log2(Math.max(Math.abs(exact), Number.MIN_VALUE))));
  return Math.abs(got - exact) / 2 ** (exponent - 23);
}

function check({ inputs, build, ulp = 0 }: Case, runtime: Runtime, tf?: TensorFlow): void {
  const leaves = inputs.map(inputOf);
  const output = build(...leaves);
  const run = interpreter([output]);
  const reference = (given: readonly NDArray[]) => run(new Map(given.map((x, k) => [`x${k}`, x])), new Map())[0]!.data;
  const [exact, flush] = [reference(inputs), reference(inputs.map(flushed))];
  const got = onTensorFlow(runtime, output, inputs, tf);
  expect(got.data.length).toBe(exact.length);
  expect(got.shape).toEqual(output.shape);
  const allowed = Math.max(ulp, 0.5);
  got.data.forEach((value, k) => {
    // TensorFlow takes subnormals for 0 and gives 0 for them.
    const tiny = (x: number) => Math.abs(x) < 2 ** -126;
    const [plain, taken] = [ulps(value, exact[k]!), ulps(tiny(value) ? 0 : value, flush[k]!)];
    if (plain <= allowed || taken <= allowed || (value === 0 && tiny(exact[k]!))) return;
    const position = inputs.map((x) => (x.data.length === sizeOf(got.shape) ? x.data[k] : [...x.data].join(' ')));
    throw new Error(`[${k}] is ${value}, not ${Math.fround(exact[k]!)} (${position.join(' | ')})`);
  });
}

test('every primitive has a case', () => {
  expect([...new Set(cases.map(({ op }) => op))].sort()).toEqual(Object.keys(primitives).sort());
  expect(Object.keys(lower).sort()).toEqual(Object.keys(primitives).sort());
});

describe.each(runtimes)('%s', (id, runtime, reason) => {
  test.skipIf(runtime === undefined).each(Object.keys(primitives) as Primitive[])(`%s ${reason}`, (op) => {
    for (const entry of cases) if (entry.op === op) check(entry, runtime!);
  });

  // As on a backend that nobody has measured: nothing is trusted, a scan is a loop of kernels.
  test
    .skipIf(runtime === undefined)
    .each(['sign', 'expm1', 'log1p', 'minimum', 'maximum', 'relu', 'sin', 'cos', 'scan', 'output', 'argsort'] as const)(
    `%s, composed ${reason}`,
    (op) => {
      const unknown = { ...runtime!.tf, getBackend: () => 'unknown' };
      for (const entry of cases) if (entry.op === op) check(entry, runtime!, unknown);
    },
  );

  test.skipIf(runtime === undefined)(`errors over the whole range are those described ${reason}`, async () => {
    const { accuracy } = await tfjsBackend(id).describe();
    const points = 20_000;
    const spread = (low: number, high: number) =>
      Array.from({ length: points }, (_, k) => Math.fround(low + ((high - low) * k) / (points - 1)));
    const scales = Array.from({ length: points }, (_, k) => Math.fround(2 ** (-125 + (252 * k) / points)));
    const small = Array.from({ length: points }, (_, k) =>
      Math.fround((k % 2 === 0 ? 1 : -1) * 2 ** (-40 + (39.9 * k) / points)),
    );
    const sweeps: readonly (readonly [string, readonly number[], (x: Expr) => Expr])[] = [
      ['exp', spread(-87.3, 88.7), (x) => x.exp()],
      ['expm1', [...spread(-20, 88.7), ...small], (x) => x.expm1()],
      ['log', [...scales, ...spread(0.5, 2)], (x) => x.log()],
      ['log1p', [...scales, ...small], (x) => x.log1p()],
      ['pow', spread(1e-3, 100), (x) => x.pow(1.5)],
      ['pow', spread(1e-3, 100), (x) => x.pow(-0.5)],
      ['pow', spread(1e-3, 1000), (x) => x.pow(5.25)],
      ['sqrt', scales, (x) => x.sqrt()],
      ['sin', [...spread(-6.29, 6.29), ...small], (x) => x.sin()],
      ['cos', [...spread(-6.29, 6.29), ...small], (x) => x.cos()],
      ['atan', [...scales, ...spread(-4, 4)], (x) => x.atan()],
    ];
    const largest: Record<string, number> = {};
    for (const [name, data, build] of sweeps) {
      const input = float([data.length], data);
      const output = build(inputOf(input, 0));
      const exact = interpreter([output])(new Map([['x0', input]]), new Map())[0]!.data;
      const got = [...onTensorFlow(runtime!, output, [input]).data];
      const worst = got.reduce((most, value, k) => Math.max(most, ulps(value, exact[k]!)), 0);
      largest[name] = Math.max(largest[name] ?? 0, worst);
    }
    if (process.env.ISOLOSS_MEASURE) console.log(id, largest);
    for (const [name, worst] of Object.entries(largest))
      expect([name, worst <= (accuracy?.[name] ?? 0.5001)]).toEqual([name, true]);
  });
});
