import { describe, expect, test } from 'vitest';
import { i32, ModuleBuilder, v128 } from '../src/assembler/index.ts';
import { accuracy, f64Math } from '../src/math/f64.ts';
import type { LaneFunction } from '../src/math/functions.ts';
import table from './math-f64.json' with { type: 'json' };

const size = 1 << 15;

/** The function over any number of values. */
function mapOf(of: LaneFunction): (inputs: ArrayLike<number>) => Float64Array {
  const module = new ModuleBuilder();
  module.function({ name: 'map', parameters: ['i32'] }, (code, [end]) => {
    const at = code.let(i32.const(0));
    code.countTo(at, end, 16, (loop) => loop.store(at, of(loop, v128.load(at)), 8 * size));
  });
  const memory = new WebAssembly.Memory({ initial: (16 * size) / 65536 });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.bytes()), { env: { memory } });
  const values = new Float64Array(memory.buffer);
  return (inputs) => {
    const results = new Float64Array(inputs.length);
    for (let start = 0; start < inputs.length; start += size) {
      const count = Math.min(size, inputs.length - start);
      for (let k = 0; k < count; k++) values[k] = inputs[start + k]!;
      (exports.map as (end: number) => void)(Math.ceil(count / 2) * 16);
      results.set(values.subarray(size, size + count), start);
    }
    return results;
  };
}

const parts = new Float64Array(1);
const words = new Uint32Array(parts.buffer);

/** The distance of f64 at a value. */
function ulp(value: number): number {
  parts[0] = value;
  return 2 ** (Math.max(1, (words[1]! >>> 20) & 2047) - 1075);
}

type Name = Exclude<keyof typeof f64Math, 'pow'>;
const references: Readonly<Record<Name, (x: number) => number>> = {
  exp: Math.exp,
  expm1: Math.expm1,
  log: Math.log,
  log1p: Math.log1p,
  sin: Math.sin,
  cos: Math.cos,
  atan: Math.atan,
  tanh: Math.tanh,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
};
const names = Object.keys(references) as Name[];

const exponents = [0.25, 0.5, 0.7, 0.75, 1 / 3, 1, 1.5, 2, 2.2, 2.5, 3, 4, 5, 7, 10.5, 100, 1e5, 1e17, 1e300, 5e-324]
  .flatMap((exponent) => [exponent, -exponent])
  .concat(0, -0, NaN, Infinity, -Infinity, 2 ** 53 - 1);
const powerOf = (exponent: number) => mapOf((code, x) => f64Math.pow(code, x, exponent));

describe.each(Object.entries(table))('%s', (key, rows) => {
  const [name, exponent] = key.split(':') as [keyof typeof f64Math, string | undefined];
  const map = name === 'pow' ? powerOf(Number(exponent)) : mapOf(f64Math[name]);

  test('is within its bound of exact values', () => {
    const results = map(rows.filter((_, k) => k % 3 === 0));
    const wrong = [...results].flatMap((got, k) => {
      const [x, y, rest] = rows.slice(3 * k) as [number, number, number];
      const error = Math.abs((got - y) / ulp(y) - rest);
      return error <= accuracy[name] ? [] : [{ x, got, y, error }];
    });
    expect(wrong).toEqual([]);
  });
});

const largest = (2 - 2 ** -52) * 2 ** 1023;
const tiny = 5e-324;
const always: (readonly [number, number])[] = [[NaN, NaN]];
const odd: (readonly [number, number])[] = [0, -0, tiny, -tiny, 2 ** -1023, -(2 ** -1022)].map((x) => [x, x]);

test.each<[Name, (readonly [number, number])[]]>([
  [
    'exp',
    [
      [Infinity, Infinity],
      [-Infinity, 0],
      [0, 1],
      [-0, 1],
      [tiny, 1],
      [largest, Infinity],
      [-largest, 0],
      [709.782712893385, Infinity],
      [-745.1332191019411, tiny],
      [-745.1332191019412, 0],
    ],
  ],
  [
    'expm1',
    [
      ...odd,
      [Infinity, Infinity],
      [-Infinity, -1],
      [largest, Infinity],
      [-largest, -1],
      [709.782712893385, Infinity],
      [-40, -1],
    ],
  ],
  [
    'log',
    [
      [Infinity, Infinity],
      [-Infinity, NaN],
      [0, -Infinity],
      [-0, -Infinity],
      [1, 0],
      [-tiny, NaN],
      [-1, NaN],
      [-largest, NaN],
    ],
  ],
  [
    'log1p',
    [...odd, [Infinity, Infinity], [-Infinity, NaN], [-1, -Infinity], [-1 - 2 ** -52, NaN], [-2, NaN], [-largest, NaN]],
  ],
  ['sin', [...odd, [Infinity, NaN], [-Infinity, NaN]]],
  [
    'cos',
    [
      [Infinity, NaN],
      [-Infinity, NaN],
      [0, 1],
      [-0, 1],
      [tiny, 1],
    ],
  ],
  [
    'atan',
    [...odd, [Infinity, Math.PI / 2], [-Infinity, -Math.PI / 2], [largest, Math.PI / 2], [-largest, -Math.PI / 2]],
  ],
  ['tanh', [...odd, [Infinity, 1], [-Infinity, -1], [largest, 1], [-20, -1]]],
  [
    'sigmoid',
    [
      [Infinity, 1],
      [-Infinity, 0],
      [0, 0.5],
      [-0, 0.5],
      [tiny, 0.5],
      [largest, 1],
      [-largest, 0],
      [-746, 0],
      [37, 1],
    ],
  ],
  [
    'softplus',
    [
      [Infinity, Infinity],
      [-Infinity, 0],
      [0, Math.LN2],
      [-0, Math.LN2],
      [largest, largest],
      [-largest, 0],
      [-746, 0],
      [40, 40],
    ],
  ],
])('special values of %s', (name, cases) => {
  const all = [...always, ...cases];
  expect([...mapOf(f64Math[name])(all.map(([x]) => x))]).toEqual(all.map(([, y]) => y));
});

test('special values of powers', () => {
  const values = [NaN, Infinity, 0, tiny, 2 ** -1023, 0.5, 1 - 2 ** -53, 1, 1 + 2 ** -52, 2, 3, largest];
  const inputs = values.flatMap((x) => [x, -x]);
  for (const exponent of exponents) {
    const results = powerOf(exponent)(inputs);
    for (const [k, x] of inputs.entries()) {
      // V8's own power is within 1 ULP; what is no finite number must be the same.
      const y = x ** exponent;
      const same = Object.is(results[k], y) || Math.abs(results[k]! - y) <= (accuracy.pow + 1) * ulp(y);
      expect(same, `${x} ** ${exponent} is ${y}, not ${results[k]}`).toBe(true);
    }
  }
});

/** Numbers that look random, the same each time: of every size, and of the size where the function bends. */
const points = Float64Array.from({ length: 20_000 }, (_, k) => {
  const fraction = (k * 0.6180339887498949) % 1;
  const sign = k % 2 === 0 ? 1 : -1;
  return k % 4 < 2 ? sign * fraction * 40 : sign * 2 ** ((((k * 0.7548776662466927) % 1) - 0.5) * 2000 * fraction);
});

test.each(names)('%s is near the one of JavaScript', (name) => {
  const results = mapOf(f64Math[name])(points);
  // The references for sigmoid and softplus are compositions with errors of their own.
  const bound = accuracy[name] + (name === 'sigmoid' || name === 'softplus' ? 3 : 1);
  const wrong = [...results].flatMap((got, k) => {
    const y = references[name](points[k]!);
    const underflow = name === 'sigmoid' && y < 2 ** -1000;
    return Object.is(got, y) || underflow || Math.abs(got - y) <= bound * ulp(y) ? [] : [{ x: points[k], got, y }];
  });
  expect(wrong).toEqual([]);
});

test('lanes do not touch each other', () => {
  for (const name of names) {
    const map = mapOf(f64Math[name]);
    const [alone] = map([0.5, 0.5]);
    for (const other of [NaN, Infinity, -Infinity, 0, tiny, 1e300, -1e300, 3e5])
      for (const at of [0, 1]) expect(map(at === 0 ? [0.5, other] : [other, 0.5])[at]).toBe(alone);
  }
});
