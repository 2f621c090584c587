import { type FloatDType, type Sizes, shapeOf, sizeOf } from '@isoloss/core';
import type { ModuleBuilder } from '../assembler/index.ts';
import type { External } from '../compile/roots.ts';
import { argsortScratch, emitArgsort } from '../kernels/argsort.ts';
import { emitCumsum } from '../kernels/cumsum.ts';
import { emitMatmul, matmulScratch } from '../kernels/matmul.ts';
import { emitTranspose } from '../kernels/transpose.ts';
import type { Engine } from './engine.ts';

export type Other = Exclude<External, { kind: 'scan' }>;

/** Runs with the addresses of buffers, by their numbers; `base` is where the workspace begins. */
export type Run = (pointers: Int32Array, base: number) => void;

/** A hand-written kernel for known sizes. `reserve` gives room in the workspace. */
export function bindExternal(
  engine: Engine,
  step: Other,
  dtype: FloatDType,
  sizes: Sizes,
  reserve: (bytes: number) => number,
): Run {
  if (step.kind === 'matmul') return bindMatmul(engine, step, dtype, sizes, reserve);
  const shape = shapeOf(step.node.shape, sizes);
  const { axis } = step.node.attributes;
  const [outer, length, inner] = [sizeOf(shape.slice(0, axis)), shape[axis]!, sizeOf(shape.slice(axis + 1))];
  return step.kind === 'cumsum'
    ? bindCumsum(engine, step, dtype, outer, length, inner)
    : bindArgsort(engine, step, dtype, reserve, outer, length, inner);
}

/** The module of a kernel, compiled when it is first used. */
const kernel = (engine: Engine, dtype: FloatDType, key: string, emit: (module: ModuleBuilder) => void) =>
  engine.load(`${key} ${dtype}`, emit);

function bindMatmul(
  engine: Engine,
  { node, a, b, result }: Extract<Other, { kind: 'matmul' }>,
  dtype: FloatDType,
  sizes: Sizes,
  reserve: (bytes: number) => number,
): Run {
  const bytes = dtype === 'float32' ? 4 : 8;
  const shape = shapeOf(node.shape, sizes);
  const [rows, columns] = [shape.at(-2)!, shape.at(-1)!];
  const inner = shapeOf(node.inputs[0]!.shape, sizes).at(-1)!;
  const batch = sizeOf(shape.slice(0, -2));
  const stepA = a.buffer.shape.length > 2 ? rows * inner * bytes : 0;
  const stepB = b.buffer.shape.length > 2 ? inner * columns * bytes : 0;
  const variant = { transposeA: a.transposed, transposeB: b.transposed };
  const module = kernel(engine, dtype, `matmul ${a.transposed} ${b.transposed}`, (builder) =>
    emitMatmul(builder, dtype, variant),
  );
  const perThread = Math.ceil(matmulScratch(dtype, variant, { rows, columns, inner }) / 64 + 1) * 64;
  const scratch = reserve(perThread * engine.threads);
  return (pointers, base) => {
    for (let n = 0; n < batch; n++)
      engine.run({
        module,
        name: 'matmul',
        values: [
          pointers[a.buffer.id]! + n * stepA,
          pointers[b.buffer.id]! + n * stepB,
          pointers[result.id]! + n * rows * columns * bytes,
          rows,
          columns,
          inner,
          base + scratch,
          0,
          rows,
        ],
        range: [7, 8],
        begin: 0,
        end: rows,
        // Packing B costs each part as much as a few of its rows.
        unit: 128,
        perThread: [{ argument: 6, stride: perThread }],
        work: rows * columns * inner,
      });
  };
}

function bindCumsum(
  engine: Engine,
  { node, input, result }: Extract<Other, { kind: 'cumsum' }>,
  dtype: FloatDType,
  outer: number,
  length: number,
  inner: number,
): Run {
  const { exclusive, reverse } = node.attributes;
  const module = kernel(engine, dtype, `cumsum ${exclusive} ${reverse}`, (builder) =>
    emitCumsum(builder, dtype, { exclusive, reverse }),
  );
  return (pointers) =>
    engine.run({
      module,
      name: 'cumsum',
      values: [pointers[input.id]!, pointers[result.id]!, length, inner, 0, outer],
      range: [4, 5],
      begin: 0,
      end: outer,
      unit: 1,
      perThread: [],
      work: outer * length * inner,
    });
}

function bindArgsort(
  engine: Engine,
  { input, result }: Extract<Other, { kind: 'argsort' }>,
  dtype: FloatDType,
  reserve: (bytes: number) => number,
  outer: number,
  length: number,
  inner: number,
): Run {
  const bytes = dtype === 'float32' ? 4 : 8;
  const module = kernel(engine, dtype, 'argsort', (builder) => emitArgsort(builder, dtype));
  const perThread = Math.ceil(argsortScratch(dtype, { length }) / 64 + 1) * 64;
  const scratch = reserve(perThread * engine.threads);
  const lines = outer * inner;
  // Lines must lie together: along another axis than the last, they are brought together and taken apart again.
  const [keys, order] = inner === 1 ? [0, 0] : [reserve(lines * length * bytes), reserve(lines * length * 4)];
  const transposeKeys = kernel(engine, dtype, 'transpose', (builder) => emitTranspose(builder, dtype));
  const transposeOrder = kernel(engine, 'float32', 'transpose', (builder) => emitTranspose(builder, 'float32'));
  const transpose = (module: typeof transposeKeys, from: number, to: number, rows: number, columns: number): void =>
    engine.run({
      module,
      name: 'transpose',
      values: [from, to, rows, columns, 0, outer],
      range: [4, 5],
      begin: 0,
      end: outer,
      unit: 1,
      perThread: [],
      work: lines * length,
    });
  return (pointers, base) => {
    const [from, to] = [pointers[input.id]!, pointers[result.id]!];
    if (inner > 1) transpose(transposeKeys, from, base + keys, length, inner);
    engine.run({
      module,
      name: 'argsort',
      values: [inner > 1 ? base + keys : from, inner > 1 ? base + order : to, base + scratch, length, 0, lines],
      range: [4, 5],
      begin: 0,
      end: lines,
      unit: 1,
      perThread: [{ argument: 2, stride: perThread }],
      work: 16 * lines * length,
    });
    if (inner > 1) transpose(transposeOrder, base + order, to, inner, length);
  };
}
