import {
  type Backend,
  concat,
  createRunner,
  defineLoss,
  type Expr,
  evaluate,
  type FloatDType,
  inputs as inputSpecs,
  iota,
  isPrimitive,
  type Loss,
  type Primitive,
  scan,
  size,
  type Tensor,
  UnsupportedError,
  where,
} from '@isoloss/core';
import { type Comparison, compareOutput } from './compare.ts';
import { lossBounds } from './error-bound.ts';

const { float } = inputSpecs;

/** One primitive with values at which runtimes differ. */
export interface OpCase {
  readonly op: Primitive;
  readonly name: string;
  readonly loss: Loss;
  readonly inputs: Readonly<Record<string, readonly number[] | readonly (readonly number[])[]>>;
}

/** What became of one case of a primitive. */
export interface OpResult {
  readonly op: Primitive;
  readonly name: string;
  readonly dtype: FloatDType;
  readonly outcome: 'pass' | 'fail' | 'skipped' | 'error';
  readonly reason?: string;
  readonly comparison?: Comparison;
}

const [inf, nan] = [Number.POSITIVE_INFINITY, Number.NaN];
/** Zeros, ordinary numbers, and what lies near the ends of float32's range; NaN and ∞ where they are legal. */
const special = [
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  2,
  -3,
  1.5e-30,
  -1.5e-30,
  1e30,
  -1e30,
  0.1,
  88,
  -87,
  100,
  -104,
  inf,
  -inf,
  nan,
];
const numbers = special.map(Math.fround);
const finite = numbers.filter(Number.isFinite);
const pairs = (values: readonly number[]) => {
  const all = values.flatMap((x) => values.map((y) => [x, y] as const));
  return { x: all.map(([x]) => x), y: all.map(([, y]) => y) };
};

const oneInput = (op: Primitive, name: string, formula: (x: Expr) => Expr, x: readonly number[]): OpCase => ({
  op,
  name,
  loss: defineLoss({ id: `op:${op}:${name}`, inputs: { x: float('n') }, formula: ({ x }) => formula(x) })({
    reduction: 'none',
  }),
  inputs: { x },
});

const twoInputs = (
  op: Primitive,
  name: string,
  formula: (x: Expr, y: Expr) => Expr,
  inputs: { readonly x: readonly number[]; readonly y: readonly number[] },
): OpCase => ({
  op,
  name,
  loss: defineLoss({
    id: `op:${op}:${name}`,
    inputs: { x: float('n'), y: float('n') },
    formula: ({ x, y }) => formula(x, y),
  })({ reduction: 'none' }),
  inputs,
});

const matrixInput = (
  op: Primitive,
  name: string,
  formula: (x: Expr) => Expr,
  x: readonly (readonly number[])[],
): OpCase => ({
  op,
  name,
  loss: defineLoss({ id: `op:${op}:${name}`, inputs: { x: float('n m') }, formula: ({ x }) => formula(x) })({
    reduction: 'none',
  }),
  inputs: { x },
});

const bits = (condition: Expr): Expr => where(condition, 1, 0);
const rows = [
  [3, 1, 2],
  [-1, 5, 5],
  [0.25, -8, 0.5],
];

const unary = (
  op: 'neg' | 'abs' | 'sign' | 'sqrt' | 'exp' | 'expm1' | 'log' | 'log1p' | 'relu' | 'sin' | 'cos' | 'atan',
  x: readonly number[],
): OpCase[] => [oneInput(op, 'special values', (a) => a[op](), x), oneInput(op, 'an empty axis', (a) => a[op](), [])];
const binary = (op: 'add' | 'sub' | 'mul' | 'div' | 'minimum' | 'maximum'): OpCase[] => [
  twoInputs(op, 'special values', (a, b) => a[op](b), pairs(numbers)),
];
const near = [1e-8, -1e-8, 1e-4, -1e-4, 0.3, -0.3, -0.999].map(Math.fround);

/** Cases by primitive; `tsc` names the row that a new primitive lacks. */
const cases: { readonly [K in Primitive]: readonly OpCase[] } = {
  input: [oneInput('input', 'as it is', (x) => x.neg().neg(), numbers)],
  constant: [
    oneInput('constant', '0.1, ∞ and NaN', (x) => where(x.gt(0), where(x.gt(1), inf, 0.1), nan), [0.5, 2, -1, 0]),
  ],
  size: [oneInput('size', 'of a named axis', (x) => x.mul(0).add(size('n').toFloat()), [1, 2, 3])],
  iota: [oneInput('iota', 'as numbers', (x) => x.add(iota('n').toFloat()), [0, 0, 0, 0])],
  add: binary('add'),
  sub: binary('sub'),
  mul: binary('mul'),
  div: binary('div'),
  minimum: binary('minimum'),
  maximum: binary('maximum'),
  neg: unary('neg', numbers),
  abs: unary('abs', numbers),
  // The sign of NaN is left to the runtime: no loss asks for it.
  sign: unary(
    'sign',
    numbers.filter((x) => !Number.isNaN(x)),
  ),
  sqrt: unary('sqrt', numbers),
  exp: unary('exp', [...numbers, ...near]),
  expm1: unary('expm1', [...numbers, ...near]),
  log: unary('log', [...numbers, ...near]),
  log1p: unary('log1p', [...numbers, ...near]),
  relu: unary('relu', numbers),
  // Within a turn: what a runtime makes of a large argument, no loss asks for.
  sin: unary('sin', [...near, 0, 1, -1, 2, -2.5, 3, nan]),
  cos: unary('cos', [...near, 0, 1, -1, 2, -2.5, 3, nan]),
  atan: unary('atan', [...numbers, ...near]),
  pow: [0.5, 3, -1, 1.5].map((p) =>
    oneInput(
      'pow',
      `to ${p}`,
      (x) => x.pow(p),
      numbers.filter((x) => !(x < 0) || Number.isInteger(p)),
    ),
  ),
  equal: [twoInputs('equal', 'special values', (x, y) => bits(x.eq(y)), pairs(numbers))],
  less: [twoInputs('less', 'special values', (x, y) => bits(x.lt(y)), pairs(numbers))],
  lessEqual: [twoInputs('lessEqual', 'special values', (x, y) => bits(x.le(y)), pairs(numbers))],
  isNaN: [oneInput('isNaN', 'special values', (x) => bits(x.isNaN()), numbers)],
  isFinite: [oneInput('isFinite', 'special values', (x) => bits(x.isFinite()), numbers)],
  and: [twoInputs('and', 'truth table', (x, y) => bits(x.gt(0).and(y.gt(0))), pairs([0, 1]))],
  or: [twoInputs('or', 'truth table', (x, y) => bits(x.gt(0).or(y.gt(0))), pairs([0, 1]))],
  not: [oneInput('not', 'truth table', (x) => bits(x.gt(0).not()), [0, 1])],
  where: [
    twoInputs('where', 'what is not chosen does not enter', (x, y) => where(x.gt(0), x, y), pairs(numbers)),
    twoInputs('where', 'a number beside', (x, y) => where(x.lt(y), x, -1), pairs([0, 1, nan])),
  ],
  cast: [oneInput('cast', 'truth and integers', (x) => x.gt(0).toFloat().add(x.toInt().toFloat()), [0, 1, 3, -2])],
  stopGradient: [oneInput('stopGradient', 'the value', (x) => x.stopGradient(), finite)],
  reshape: [matrixInput('reshape', 'to one axis', (x) => x.reshape(['m*n']), rows)],
  broadcastTo: [matrixInput('broadcastTo', 'a row', (x) => x.sum(0, true).broadcastTo(['n', 'm']), rows)],
  transpose: [
    matrixInput('transpose', 'of a matrix', (x) => x.transpose([1, 0]), [
      [1, 2, 3],
      [4, 5, 6],
    ]),
  ],
  slice: [matrixInput('slice', 'the middle', (x) => x.slice(1, 1, 'm'), rows)],
  reverse: [
    matrixInput('reverse', 'of columns', (x) => x.reverse(1), [
      [1, 2, 3],
      [4, 5, nan],
    ]),
  ],
  concat: [matrixInput('concat', 'beside itself', (x) => concat([x, x.neg()], 1), rows)],
  sum: [
    matrixInput('sum', 'of rows', (x) => x.sum(1), rows),
    matrixInput('sum', 'with ∞ and NaN', (x) => x.sum(1), [
      [1, inf, 2],
      [inf, 1, -inf],
      [nan, 1, 2],
      [1, 2, nan],
    ]),
    oneInput('sum', 'of nothing', (x) => x.sum(0, true), []),
  ],
  max: [
    matrixInput('max', 'of rows', (x) => x.max(1), [...rows, [-inf, -inf, -inf], [-inf, 1, inf]]),
    matrixInput('max', 'NaN wherever it stands', (x) => x.max(1), [
      [nan, 1, 2],
      [1, nan, 2],
      [1, 2, nan],
    ]),
  ],
  matmul: [
    matrixInput('matmul', 'with its transpose', (x) => x.matmul(x.transpose([1, 0])), rows),
    matrixInput('matmul', 'with NaN', (x) => x.matmul(x.transpose([1, 0])), [
      [1, 2],
      [nan, 0],
    ]),
  ],
  gather: [matrixInput('gather', 'along rows', (x) => x.gather(x.argsort(1), 1), rows)],
  scatterAdd: [
    matrixInput('scatterAdd', 'with collisions', (x) => x.scatterAdd(x.abs().minimum(2).toInt(), 1, 3), [
      [1, 2, 5, 1],
      [0, 0, 2, 2],
    ]),
  ],
  argsort: [
    matrixInput('argsort', 'ties stay in order, NaN last', (x) => x.argsort(1).toFloat(), [
      [2, 1, 2, 1],
      [1, nan, 0, -1],
      [inf, -inf, 0, 0],
    ]),
  ],
  cumsum: [false, true].flatMap((exclusive) =>
    [false, true].map((reverse) =>
      matrixInput(
        'cumsum',
        `${exclusive ? 'exclusive' : 'inclusive'}${reverse ? ', from the end' : ''}`,
        (x) => x.cumsum(1, { exclusive, reverse }),
        rows,
      ),
    ),
  ),
  scan: [
    matrixInput('scan', 'a recurrence over rows', (x) => recurrence(x, false).carries[0]!, rows),
    matrixInput('scan', 'in reverse', (x) => recurrence(x, true).carries[0]!, rows),
  ],
  output: [matrixInput('output', 'what each step gives', (x) => recurrence(x, false).outputs[0]!, rows)],
};

function recurrence(x: Expr, reverse: boolean): { carries: Expr[]; outputs: Expr[] } {
  return scan({ init: [x.sum(0)], sequences: [x], reverse }, ([carry], [row]) => {
    const next = carry!.mul(0.5).add(row!);
    return { carries: [next], outputs: [next.sub(carry!)] };
  });
}

/** Special values of every primitive. */
export const opCases: readonly OpCase[] = Object.entries(cases).flatMap(([op, list]) =>
  isPrimitive(op as Primitive) ? list : [],
);

/**
 * Special values of every primitive on a backend, against the f64 meaning and the bound that follows from it. Where it
 * fails, it names the operation: run it before the losses.
 */
export async function opSuite(
  backend: Backend,
  { dtypes, ops }: { readonly dtypes?: readonly FloatDType[]; readonly ops?: readonly Primitive[] } = {},
): Promise<OpResult[]> {
  const { dtypes: offered, accuracy, available } = await backend.describe();
  const results: OpResult[] = [];
  if (!available) return results;
  const runner = createRunner(backend);
  for (const dtype of dtypes ?? offered)
    for (const entry of opCases)
      if (ops === undefined || ops.includes(entry.op)) results.push(await runOpCase(entry, dtype, runner, accuracy));
  runner.dispose();
  return results;
}

async function runOpCase(
  { op, name, loss, inputs }: OpCase,
  dtype: FloatDType,
  runner: ReturnType<typeof createRunner>,
  accuracy: Readonly<Record<string, number>> | undefined,
): Promise<OpResult> {
  const tensors = Object.fromEntries(Object.entries(inputs).map(([key, data]) => [key, tensor(data)]));
  try {
    const got = await runner.run(loss, tensors, { dtype });
    const { value } = evaluate(loss, tensors);
    const expected = {
      shape: value.shape,
      value: value.data as Float64Array,
      low: new Float64Array(value.data.length),
      sensitivity: undefined,
    };
    const bounds = lossBounds(loss, tensors, { dtype, accuracy });
    const comparison = compareOutput('value', got.value, expected, bounds.value, { dtype });
    const first = comparison.failures[0];
    const reason =
      comparison.problem ??
      (first && `${op}: element ${first.index} is ${first.got}, should be ${first.exact} (within ${first.allowed})`);
    return { op, name, dtype, outcome: comparison.passed ? 'pass' : 'fail', ...(reason ? { reason } : {}), comparison };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return {
      op,
      name,
      dtype,
      outcome: error instanceof UnsupportedError ? 'skipped' : 'error',
      reason: `${op}: ${message}`,
    };
  }
}

function tensor(data: readonly number[] | readonly (readonly number[])[]): Tensor {
  const shape = Array.isArray(data[0]) ? [data.length, (data[0] as number[]).length] : [data.length];
  return { dtype: 'float32', shape, data: Float32Array.from(data.flat()) };
}
