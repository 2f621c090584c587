import {
  type Code,
  type FunctionReference,
  f32x4,
  f64x2,
  type I32,
  i32,
  type Local,
  type ModuleBuilder,
  type V128,
  v128,
} from '../assembler/index.ts';
import { add, plus, range, times } from './arithmetic.ts';
import { bytesOf, type KernelDType, numerics } from './numeric.ts';

export interface CumsumVariant {
  /** Each element gets the sum of those before it, without itself. */
  readonly exclusive?: boolean;
  /** From the end of the axis to its beginning. */
  readonly reverse?: boolean;
}

/**
 * The exported function over [outer, length, inner] along the middle axis; addresses are in bytes, and the blocks
 * beginOuter <= o < endOuter are written. `out` may be `input`.
 */
export type Cumsum = (
  input: number,
  out: number,
  length: number,
  inner: number,
  beginOuter: number,
  endOuter: number,
) => void;

/** Running totals of neighbouring columns. */
interface Totals {
  advance(code: Code, x: V128): void;
  value(): V128;
}

/** float32 is summed in float64: every result is right to half a unit and a little. */
function promoted(code: Code, columns: number): Totals {
  const low = code.let(f64x2.const(0));
  const high = columns > 2 ? code.let(f64x2.const(0)) : undefined;
  const upper = (x: V128) => v128.shuffle(x, x, bytesOf(8, [1, 1]));
  return {
    advance(body, x) {
      body.set(low, f64x2.add(low, f64x2.promote_low_f32x4(x)));
      if (high !== undefined) body.set(high, f64x2.add(high, f64x2.promote_low_f32x4(upper(x))));
    },
    value() {
      const first = f32x4.demote_f64x2_zero(low);
      return high === undefined ? first : v128.shuffle(first, f32x4.demote_f64x2_zero(high), bytesOf(8, [0, 2]));
    },
  };
}

/** float64 is summed with the rounding errors beside it (Knuth's TwoSum), so that they don't grow with the length. */
function compensated(code: Code): Totals {
  const [sum, error] = [code.let(f64x2.const(0)), code.let(f64x2.const(0))];
  return {
    advance(body, x) {
      const after = body.let(f64x2.add(sum, x));
      const change = body.let(f64x2.sub(after, sum));
      const lost = body.let(f64x2.add(f64x2.sub(sum, f64x2.sub(after, change)), f64x2.sub(x, change)));
      // Beside an infinite sum the error would be NaN.
      body.set(error, f64x2.add(error, v128.and(lost, f64x2.eq(lost, lost))));
      body.set(sum, after);
    },
    value: () => f64x2.add(sum, error),
  };
}

/** Walks along the axis, `step` bytes a turn (negative if reversed), with `columns` columns at once. */
function emitWalk(module: ModuleBuilder, dtype: KernelDType, columns: number, exclusive: boolean): FunctionReference {
  const { lanes, bytes } = numerics[dtype];
  return module.function({ parameters: ['i32', 'i32', 'i32', 'i32'] }, (code, [from, to, length, step]) => {
    const vectors = range(Math.ceil(columns / lanes));
    const totals = vectors.map(() => (dtype === 'float32' ? promoted(code, columns) : compensated(code)));
    const load = (v: number) =>
      columns >= lanes ? v128.load(from, 16 * v) : bytes === 4 ? v128.load32_zero(from) : v128.load64_zero(from);
    const store = (body: Code, value: V128, v: number) =>
      columns >= lanes ? body.store(to, value, 16 * v) : body.storeLane(bytes === 4 ? 32 : 64, to, value, 0);
    const k = code.let(i32.const(0));
    code.countTo(k, length, 1, (loop) => {
      for (const [v, total] of totals.entries()) {
        const x = loop.let(load(v));
        if (exclusive) store(loop, total.value(), v);
        total.advance(loop, x);
        if (!exclusive) store(loop, total.value(), v);
      }
      loop.set(from, i32.add(from, step));
      loop.set(to, i32.add(to, step));
    });
    return undefined;
  });
}

/** Exports `cumsum` ({@link Cumsum}). A result depends on its own line alone. */
export function emitCumsum(
  module: ModuleBuilder,
  dtype: KernelDType,
  { exclusive = false, reverse = false }: CumsumVariant = {},
): void {
  const { bytes, lanes } = numerics[dtype];
  // A cache line of columns at once, then a vector, then one.
  const walks = [64 / bytes, lanes, 1].map((columns) => ({
    columns,
    walk: emitWalk(module, dtype, columns, exclusive),
  }));
  module.function(
    { name: 'cumsum', parameters: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'] },
    (code, [input, out, length, inner, beginOuter, endOuter]) => {
      const rowBytes = code.let(times(inner, bytes));
      const blockBytes = code.let(i32.mul(length, rowBytes));
      const step: Local<'i32'> = code.let(reverse ? i32.sub(i32.const(0), rowBytes) : rowBytes);
      const block = code.let(beginOuter);
      const column = code.variable('i32');
      code.countTo(block, endOuter, 1, (body) => {
        const start: I32 = i32.mul(block, blockBytes);
        const at = body.let(reverse ? add(start, i32.sub(blockBytes, rowBytes)) : start);
        body.set(column, i32.const(0));
        for (const { columns, walk } of walks)
          body.countTo(column, plus(inner, 1 - columns), columns, (loop) => {
            const offset = loop.let(add(at, times(column, bytes)));
            loop.call(walk.index, [i32.add(input, offset), i32.add(out, offset), length, step]);
          });
      });
      return undefined;
    },
  );
}
