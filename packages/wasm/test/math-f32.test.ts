import { describe, expect, test } from 'vitest';
import { i32, ModuleBuilder, v128 } from '../src/assembler/index.ts';
import { accuracy, f32Math } from '../src/math/f32.ts';
import type { LaneFunction } from '../src/math/functions.ts';

const size = 1 << 16;
const tiny = 2 ** -149;
const largest = (2 - 2 ** -23) * 2 ** 127;

function mapOf(of: LaneFunction): (inputs: Float32Array) => Float32Array {
  const module = new ModuleBuilder();
  module.function({ name: 'map', parameters: ['i32'] }, (code, [end]) => {
    const at = code.let(i32.const(0));
    code.countTo(at, end, 16, (loop) => loop.store(at, of(loop, v128.load(at)), 4 * size));
  });
  const memory = new WebAssembly.Memory({ initial: (8 * size) / 65536 });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.bytes()), { env: { memory } });
  return (inputs) => {
    new Float32Array(memory.buffer).set(inputs);
    (exports.map as (end: number) => void)(Math.ceil(inputs.length / 4) * 16);
    return new Float32Array(memory.buffer, 4 * size, inputs.length);
  };
}

const parts = new Float64Array(1);
const words = new Uint32Array(parts.buffer);

/** |got − exact| in units of exact's last place, where an overflow counts as 2¹²⁸; infinite for a wrong special value. */
function ulp(got: number, exact: number): number {
  if (Object.is(got, Math.fround(exact)) && !(Math.abs(exact) < Infinity)) return 0;
  if (exact === 0) return Object.is(got, exact) ? 0 : Infinity;
  const finite = Math.abs(got) === Infinity ? Math.sign(got) * 2 ** 128 : got;
  parts[0] = exact;
  const exponent = Math.max(-126, Math.min(127, ((words[1]! >>> 20) & 2047) - 1023));
  const error = Math.abs(finite - exact) / 2 ** (exponent - 23);
  return error >= 0 ? error : Infinity;
}

const specials = [NaN, Infinity, 0, tiny, 3 * tiny, 2 ** -127, 2 ** -126, 2 ** -24, 0.5, Math.fround(Math.SQRT1_2)]
  .concat([1 - 2 ** -24, 1, 1 + 2 ** -23, Math.fround(Math.SQRT2), 2, 3, 2 ** 24, 2 ** 64, 2 ** 126, 2 ** 127, largest])
  .flatMap((x) => [x, -x]);

/** Every value beside those numbers, by their bits. */
function around(centers: readonly number[], steps: number): Float32Array {
  const values = new Float32Array(centers.length * (2 * steps + 1));
  const patterns = new Int32Array(values.buffer);
  const center = new Float32Array(1);
  const pattern = new Int32Array(center.buffer);
  let at = 0;
  for (const x of centers) {
    center[0] = x;
    for (let step = -steps; step <= steps; step++) patterns[at++] = pattern[0]! + step;
  }
  return values;
}

/** Patterns of bits evenly, so that every exponent has as many. */
const evenly = (count: number): Float32Array => {
  const patterns = new Uint32Array(count);
  for (let k = 0; k < count; k++) patterns[k] = Math.imul(k, 0x9e3779b1);
  return new Float32Array(patterns.buffer);
};

const between = (low: number, high: number): Float32Array =>
  Float32Array.from({ length: size }, (_, k) => low + (high - low) * ((k * Math.SQRT2) % 1));

function check(of: LaneFunction, exact: (x: number) => number, bound: number, edges: readonly number[], count: number) {
  const map = mapOf(of);
  const inputs = [
    Float32Array.from(specials),
    around([1, -1, 0.5, ...edges], 3000),
    between(-1, 2),
    between(-110, 110),
  ];
  const patterns = evenly(count);
  for (let at = 0; at < count; at += size) inputs.push(patterns.subarray(at, at + size));
  let worst = 0;
  let where = '';
  for (const part of inputs) {
    const outputs = map(part);
    for (let k = 0; k < part.length; k++) {
      const wanted = exact(part[k]!);
      // What is rounded correctly has no error to measure.
      if (outputs[k] === Math.fround(wanted) && wanted !== 0) continue;
      const error = ulp(outputs[k]!, wanted);
      if (error <= worst) continue;
      worst = error;
      where = `f(${part[k]}) is ${outputs[k]}, not ${wanted}`;
    }
  }
  expect(worst, where).toBeLessThanOrEqual(bound);
}

const { pow, ...others } = f32Math;
const meaning: {
  readonly [K in keyof typeof others]: readonly [exact: (x: number) => number, edges: readonly number[]];
} = {
  exp: [Math.exp, [88.7228, 88.3763, -87.3365, -103.2789, -103.9721, -104]],
  expm1: [Math.expm1, [88.7228, 88.3763, -17.3287, 0.405465, -0.287682, 17.1346]],
  log: [Math.log, [Math.SQRT1_2, Math.SQRT2]],
  log1p: [Math.log1p, [Math.SQRT2 - 1, Math.SQRT1_2 - 1, 2 ** 24, 2 ** -24]],
  sin: [Math.sin, [2 ** 20, Math.PI, 2 * Math.PI, 51471.85, 16367173 * 2 ** 72]],
  cos: [Math.cos, [2 ** 20, Math.PI / 2, 1.5 * Math.PI, 16367173 * 2 ** 72]],
  atan: [Math.atan, [1, -1]],
  tanh: [Math.tanh, [0.8, 9.01, -9.01]],
  sigmoid: [(x) => 1 / (1 + Math.exp(-x)), [-87.3365, -103.2789, -103.9721, 16.6, 17.3]],
  softplus: [(x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), [-87.3365, -103.9721, 16.6]],
};

test.for(Object.keys(meaning) as (keyof typeof meaning)[])('%s', (name) => {
  check(others[name], meaning[name][0], accuracy[name], meaning[name][1], 12 * size);
});

const quarters = [0, 0.25, 0.5, 0.75, 1, 1.5, 2, 2.5, 3, -0.25, -0.5, -1, -1.5, -2];
describe('pow', () => {
  test.for([...quarters, 4, -3, 1.2, -0.7, 0.01, 1 / 3, 77, 1e6, 1e300, -1e300, Infinity, -Infinity, NaN])(
    '%s',
    (exponent) => {
      check(
        (code, x) => pow(code, x, exponent),
        (x) => x ** exponent,
        accuracy.pow,
        [2 ** (128 / exponent)],
      );
    },
  );
});

test('ends of the range of exp', () => {
  const map = mapOf(f32Math.exp);
  expect([...map(Float32Array.of(88.7228, 88.723, -103.9, -104))]).toEqual([
    Math.fround(Math.exp(Math.fround(88.7228))),
    Infinity,
    tiny,
    0,
  ]);
});
