import { type Code, i32, type ModuleBuilder, v128 } from '../assembler/index.ts';
import { add, plus, range, times, upTo } from './arithmetic.ts';
import { type KernelDType, numerics } from './numeric.ts';

/**
 * The exported function: [batch, rows, columns] becomes [batch, columns, rows]; addresses are in bytes, and the
 * matrices beginBatch <= b < endBatch are written. float32 serves for int32 as well.
 */
export type Transpose = (
  input: number,
  out: number,
  rows: number,
  columns: number,
  beginBatch: number,
  endBatch: number,
) => void;

/** Rows of a band: a cache line of the result, which is thus written in one go, however its lines collide. */
const lineBytes = 64;

/** Exports `transpose` ({@link Transpose}). */
export function emitTranspose(module: ModuleBuilder, dtype: KernelDType): void {
  const { bytes, lanes, load, transpose } = numerics[dtype];
  const bandRows = lineBytes / bytes;

  /** A band of rows; V8 would not optimise it as a part of a function that is called once. */
  const band = module.function(
    { parameters: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'] },
    (code, [from, to, height, columns, fromStep, toStep]) => {
      const c = code.let(i32.const(0));
      const r = code.variable('i32');
      const strip = (body: Code, width: number): void => {
        const [source, target] = [body.let(from), body.let(to)];
        const next = (loop: Code, rows: number): void => {
          loop.set(source, add(source, times(fromStep, rows)));
          loop.set(target, plus(target, rows * bytes));
        };
        body.set(r, i32.const(0));
        if (width === lanes)
          body.countTo(r, plus(height, 1 - lanes), lanes, (loop) => {
            const square = range(lanes).map((k) => loop.let(v128.load(add(source, times(fromStep, k)))));
            for (const [k, column] of transpose(loop, square).entries())
              loop.store(add(target, times(toStep, k)), column);
            next(loop, lanes);
          });
        body.countTo(r, height, 1, (loop) => {
          for (const k of range(width)) loop.store(add(target, times(toStep, k)), load(source, k * bytes));
          next(loop, 1);
        });
        body.set(from, plus(from, width * bytes));
        body.set(to, add(to, times(toStep, width)));
      };
      code.countTo(c, plus(columns, 1 - lanes), lanes, (body) => strip(body, lanes));
      code.countTo(c, columns, 1, (body) => strip(body, 1));
      return undefined;
    },
  );

  module.function(
    { name: 'transpose', parameters: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'] },
    (code, [input, out, rows, columns, beginBatch, endBatch]) => {
      const [fromStep, toStep] = [code.let(times(columns, bytes)), code.let(times(rows, bytes))];
      const matrixBytes = code.let(i32.mul(rows, fromStep));
      const batch = code.let(beginBatch);
      const r = code.variable('i32');
      code.countTo(batch, endBatch, 1, (body) => {
        const start = body.let(i32.mul(batch, matrixBytes));
        body.set(r, i32.const(0));
        body.countTo(r, rows, bandRows, (ofRows) => {
          const height = upTo(ofRows, r, rows, bandRows);
          ofRows.call(band.index, [
            ...[add(input, start, i32.mul(r, fromStep)), add(out, start, times(r, bytes))],
            ...[height, columns, fromStep, toStep],
          ]);
        });
      });
      return undefined;
    },
  );
}
