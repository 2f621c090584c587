import { describe, expect, test } from 'vitest';
import {
  check,
  constant,
  Expr,
  expand,
  gradient,
  interpreter,
  iota,
  make,
  type NDArray,
  print,
  scan,
  simplify,
  stack,
  TraceError,
  topological,
  where,
} from '../src/index.ts';

const input = (name: string, shape: (string | number)[]): Expr =>
  make('input', [], { name, type: { dtype: 'float', shape } }) as Expr;
const array = (shape: number[], data: number[]): NDArray => ({ shape, data: Float64Array.from(data) });

/** Evaluates scalars and vectors of x by name. */
function run(outputs: Expr[], given: Record<string, NDArray>, sizes: Record<string, number> = {}): number[][] {
  return interpreter(expand(outputs))(new Map(Object.entries(given)), new Map(Object.entries(sizes))).map(({ data }) =>
    Array.from(data),
  );
}

describe('nodes', () => {
  const x = input('x', ['N']);

  test('equal nodes are one object', () => {
    expect(x.add(1)).toBe(x.add(1));
    expect(x.add(1)).not.toBe(x.add(2));
    expect(x.mul(0)).not.toBe(x.mul(-0));
  });

  test('two different names never meet in one axis, and the error names the line', () => {
    const y = input('y', ['M']);
    expect(() => x.add(y)).toThrow(TraceError);
    expect(() => x.add(y)).toThrow(/sizes N and M meet.*graph\.test\.ts/s);
  });

  test('shapes are polynomials in names', () => {
    const z = input('z', ['N', 'C']);
    expect(z.reshape(['C*N']).shape).toEqual(['C*N']);
    expect(stack([x, x], 0).reshape(['2*N']).shape).toEqual(['2*N']);
    expect(() => z.reshape(['N'])).toThrow(/number of elements/);
  });

  test('dtypes are checked', () => {
    expect(() => make('exp', [iota('N')])).toThrow(/exp takes float/);
    expect(() => where(x, 1, 0)).toThrow(/bool/);
  });
});

describe('derivatives', () => {
  // Second differences would be useless at kinks: these stay away from them; the conventions at kinks are below.
  const point = [0.3, -1.2, 2.5];
  const unary: Record<string, (x: Expr) => Expr> = {
    neg: (x) => x.neg(),
    abs: (x) => x.abs(),
    exp: (x) => x.exp(),
    expm1: (x) => x.expm1(),
    relu: (x) => x.relu(),
    'sqrt of a square': (x) => x.square().add(1).sqrt(),
    log: (x) => x.abs().log(),
    log1p: (x) => x.square().log1p(),
    'pow 3': (x) => x.pow(3),
    sigmoid: (x) => x.sigmoid(),
    softplus: (x) => x.softplus(),
    logSigmoid: (x) => x.logSigmoid(),
    clip: (x) => x.clip(-1, 1),
    div: (x) => x.div(x.square().add(2)),
    'minimum and maximum': (x) => x.minimum(0.5).maximum(x.mul(0.1)),
    logSoftmax: (x) => x.logSoftmax(0),
    logSumExp: (x) => x.logSumExp(0),
    'norm 2': (x) => x.norm(0),
    'norm 1': (x) => x.norm(0, 1),
    'norm 3': (x) => x.norm(0, 3),
    'norm ∞': (x) => x.norm(0, Infinity),
    max: (x) => x.max(),
    mean: (x) => x.mean(),
    cumsum: (x) => x.cumsum(0),
    'exclusive reversed cumsum': (x) => x.cumsum(0, { exclusive: true, reverse: true }),
    sort: (x) => x.sort(0).mul(iota('N').toFloat()),
    reverse: (x) => x.reverse(0).mul(iota('N').toFloat()),
    slice: (x) => x.slice(0, 1, 3),
    xlogy: (x) => x.abs().xlogy(x.square()),
    matmul: (x) => x.expandDims(1).matmul(x.square().expandDims(0)),
    transpose: (x) => x.expandDims(1).matmul(x.expandDims(0)).transpose([1, 0]).slice(0, 0, 1),
    where: (x) => where(x.gt(0), x.square(), x.mul(3)),
    broadcastTo: (x) => x.expandDims(0).broadcastTo([4, 'N']).mul(x),
    scan: (x) =>
      scan({ init: [constant(0.5)], sequences: [x], invariants: [x.sum()] }, ([c], [s], [all]) => ({
        carries: [c!.mul(s!).add(all!.mul(0.1)).sigmoid()],
        outputs: [c!.mul(c!)],
      })).outputs[0]!.mul(iota('N').add(1).toFloat()),
    'scan in reverse, its final carry': (x) =>
      scan({ init: [x.slice(0, 0, 1).squeeze(0)], sequences: [x], reverse: true }, ([c], [s]) => ({
        carries: [c!.mul(0.5).add(s!.square())],
      })).carries[0]!,
  };

  test.each(Object.entries(unary))('%s: first and second order against central differences', (_, f) => {
    const x = input('x', ['N']);
    // Uneven cotangents, so that a derivative that mixes positions up is seen.
    const weighted = (y: Expr) =>
      y.rank === 0
        ? y
        : y.mul(
            iota(y.shape[0]!)
              .toFloat()
              .add(1)
              .reshape([y.shape[0]!, ...y.shape.slice(1).map(() => 1)]),
          );
    const value = weighted(f(x)).sum();
    const [first] = gradient(value, [x]);
    const [second] = gradient(first!.mul(constant(1).add(x.stopGradient())).sum(), [x]);
    check([value, first!, second!]);
    const at = (p: number[], outputs: Expr[]) => run(outputs, { x: array([3], p) }, { N: 3 });
    const weightedFirst = first!.mul(constant(1).add(input('x0', ['N']))).sum();
    const [g, h] = at(point, [first!, second!]);
    point.forEach((_, k) => {
      const shifted = (d: number) => point.map((p, j) => (j === k ? p + d : p));
      const step = 1e-5;
      const difference = (output: Expr) => {
        const value = (p: number[]) => run([output], { x: array([3], p), x0: array([3], point) }, { N: 3 })[0]![0]!;
        return (value(shifted(step)) - value(shifted(-step))) / (2 * step);
      };
      expect(g![k]).toBeCloseTo(difference(value), 6);
      expect(h![k]).toBeCloseTo(difference(weightedFirst), 5);
    });
  });

  test('gather and scatterAdd are each other’s derivative', () => {
    const x = input('x', ['N', 'C']);
    const index = make('input', [], { name: 'k', type: { dtype: 'int', shape: ['N', 2] } }) as Expr;
    const picked = x.gather(index, 1);
    const [g] = gradient(picked.mul(picked).sum(), [x]);
    const [value, slope] = interpreter(expand([picked, g!]))(
      new Map<string, NDArray>([
        ['x', array([2, 3], [1, 2, 3, 4, 5, 6])],
        ['k', { shape: [2, 2], data: Int32Array.of(0, 2, 1, 1) }],
      ]),
      new Map([
        ['N', 2],
        ['C', 3],
      ]),
    );
    expect(Array.from(value!.data)).toEqual([1, 3, 5, 5]);
    expect(Array.from(slope!.data)).toEqual([2, 0, 6, 0, 20, 0]);
  });

  test.each<[string, (x: Expr) => Expr, number[], number[]]>([
    ['abs′(0) = 0', (x) => x.abs(), [0, 0, 1], [0, 0, 1]],
    ['relu′(0) = 0', (x) => x.relu(), [0, -1, 1], [0, 0, 1]],
    ['ties of max share', (x) => x.max(), [2, 2, 1], [0.5, 0.5, 0]],
    ['ties of maximum share', (x) => x.maximum(1), [1, 0, 2], [0.5, 0, 1]],
    ['norm′(0) = 0', (x) => x.norm(0), [0, 0, 0], [0, 0, 0]],
    ['ties of the ∞-norm share, with their signs', (x) => x.norm(0, Infinity), [2, -2, 1], [0.5, -0.5, 0]],
    ['clip′ = 1 at its bounds', (x) => x.clip(0, 1), [0, 1, 2], [1, 1, 0]],
    ['sort follows its stable permutation', (x) => x.sort(0).mul(iota('N').toFloat()), [1, 1, 0], [1, 2, 0]],
    [
      'logSumExp of −∞ alone is −∞ with gradient 0',
      (x) => x.logSumExp(0),
      [-Infinity, -Infinity, -Infinity],
      [0, 0, 0],
    ],
    ['logSumExp beside −∞', (x) => x.logSumExp(0), [-Infinity, 0, 0], [0, 0.5, 0.5]],
    ['0·log 0 = 0 with gradient 0', (x) => x.xlogy(x.mul(0)), [0, 0, 0], [0, 0, 0]],
    ['stopGradient', (x) => x.stopGradient().mul(x), [1, 2, 3], [1, 2, 3]],
  ])('%s', (_, f, at, expected) => {
    const x = input('x', ['N']);
    const [g] = gradient(f(x).sum(), [x]);
    expect(run([g!], { x: array([3], at) }, { N: 3 })[0]).toEqual(expected);
  });

  test('an input that does not matter has zeros', () => {
    const [x, y] = [input('x', ['N']), input('y', ['M'])];
    expect(run([gradient(x.sum(), [y])[0]!], { x: array([1], [1]), y: array([2], [1, 1]) }, { N: 1, M: 2 })[0]).toEqual(
      [0, 0],
    );
  });

  test('upstream is what the value is weighted with', () => {
    const [x, u] = [input('x', ['N']), input('u', ['N'])];
    expect(
      run([gradient(x.square(), [x], u)[0]!], { x: array([2], [3, 4]), u: array([2], [10, 100]) }, { N: 2 })[0],
    ).toEqual([60, 800]);
  });
});

describe('simplify', () => {
  const x = input('x', ['N']);
  /** Whether a where stays inside the outermost one. */
  const keepsGuard = (whole: Expr) =>
    topological([simplify([whole])[0]!]).filter(({ op }) => op === 'where').length > 1;

  test.each<[string, Expr, Expr]>([
    ['x + 0', x.add(0), x],
    ['x · 1', x.mul(1), x],
    ['−(−x)', x.neg().neg(), x],
    ['a + (−b)', x.add(x.exp().neg()), x.sub(x.exp())],
    ['constants', x.mul(constant(2).mul(3).add(1)), x.mul(7)],
    ['a broadcast that the operation does itself', constant(2).broadcastTo(['N']).mul(x), constant(2).mul(x)],
    ['where on ¬c', where(x.gt(0).not(), x, 0), where(x.gt(0), 0, x)],
    ['a·b + a·b', x.mul(input('s', [])).add(x.mul(input('s', []))), x.mul(input('s', []).add(input('s', [])))],
    ['a·k + a·k', x.mul(0.25).add(x.mul(0.25)), x.mul(0.5)],
    ['what equals a number is no NaN', x.eq(0).and(x.isNaN().not()), x.eq(0)],
    ['c ? 1 : 0', where(x.gt(0), 1, 0), x.gt(0).toFloat()],
    ['c ? 0 : 1', where(x.gt(0), 0, 1), x.gt(0).not().toFloat()],
    [
      'two marks of what is illegal',
      x.mul(where(x.ge(0), 1, Number.NaN)).mul(where(x.le(1), 1, Number.NaN)),
      x.mul(where(x.ge(0).and(x.le(1)), 1, Number.NaN)),
    ],
    ['Σ(−x)', x.neg().sum(), x.sum().neg()],
    ['two halves of a where', where(x.gt(0), x, 0).add(where(x.gt(0), 0, x.exp())), where(x.gt(0), x, x.exp())],
    ['the other two halves', where(x.gt(0), 0, x).add(where(x.gt(0), x.exp(), 0)), where(x.gt(0), x.exp(), x)],
    ['where inside a where', where(x.gt(0), where(x.gt(0), x, 1).log(), x), where(x.gt(0), x.log(), x)],
    ['where inside the other branch', where(x.gt(0), 2, where(x.gt(0), 7, x).abs()), where(x.gt(0), 2, x.abs())],
    ['reshape ∘ reshape', x.reshape(['N', 1]).reshape([1, 'N']), x.reshape([1, 'N'])],
  ])('%s', (_, before, after) => {
    expect(simplify([before])[0]).toBe(after);
  });

  test('x · 0 stays: x may be NaN or infinite', () => {
    const [y] = simplify([x.mul(0)]);
    expect(run([y!], { x: array([2], [Infinity, Number.NaN]) }, { N: 2 })[0]).toEqual([Number.NaN, Number.NaN]);
  });

  test('a condition of lines holds along them', () => {
    const z = input('z', ['N', 'C']);
    const k = make('input', [], { name: 'k', type: { dtype: 'int', shape: ['N'] } }) as Expr;
    const counts = k.ne(-1);
    const guarded = where(counts.expandDims(1), z, 1);
    const value = (x: Expr) =>
      where(counts, x.sub(x.max(1, true)).exp().sum(1).add(x.pick(k, 1)).add(x.logSumExp(1)), 0);
    expect(simplify([value(guarded)])).toEqual(simplify([value(z)]));
    // Not across them, nor where a line stands for several, nor in an index, which must be legal everywhere.
    const others = [guarded.sum(0, true).add(z), guarded.softmax(0)];
    for (const across of others) expect(keepsGuard(where(counts.expandDims(1), across, 0))).toBe(true);
    const y = where(counts, input('y', ['N']), 1);
    const square = y.reshape([1, 'N']).mul(input('w', ['N', 'N']));
    expect(keepsGuard(where(counts.reshape(['N', 1]), square.sum(1, true), 0))).toBe(true);
    expect(keepsGuard(where(counts, z.pick(where(counts, k, 0), 1), 0))).toBe(true);
  });

  test('a condition says nothing of other elements, nor of what is also used without it', () => {
    const guarded = where(x.gt(0), x, 1).log();
    const total = where(x.gt(0), where(x.gt(0), x, 0).sum(), 0);
    expect(simplify([total])[0]).toBe(total);
    const both = [where(x.gt(0), guarded, 0), guarded];
    expect(simplify(both)).toEqual(both);
  });

  test('halves by another condition stay', () => {
    const sum = where(x.gt(0), x, 0).add(where(x.gt(1), 0, x));
    expect(simplify([sum])[0]).toBe(sum);
    const same = where(x.gt(0), x, 0).add(where(x.gt(0), x.exp(), 0));
    expect(simplify([same])[0]).toBe(same);
  });

  test('picking commutes with subtracting what is constant along the axis', () => {
    const z = input('z', ['N', 'C']);
    const k = make('input', [], { name: 'k', type: { dtype: 'int', shape: ['N'] } }) as Expr;
    expect(print({ value: simplify([z.sub(z.max(1, true)).pick(k, 1)])[0]! })).not.toMatch(/float\[N,C\] = sub/);
  });
});

test('print is stable text', () => {
  const x = input('x', ['N', 'C']);
  expect(print({ value: x.sub(1).square().sum() })).toBe(
    'x float[N,C]\n%0 float[N,C] = sub x 1\n%1 float[N,C] = mul %0 %0\n%2 float[] = sum %1 axes=[0,1] keepDims=false\nvalue = %2',
  );
});

test('check refuses a node that its rule would not have made', () => {
  const x = input('x', ['N']);
  const wrong = new Expr(-1, 'exp', [x], {}, { dtype: 'float', shape: ['M'] });
  expect(() => check([wrong])).toThrow(/exp has type float\[M\]/);
});
