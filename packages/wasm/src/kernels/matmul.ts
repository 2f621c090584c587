import { type Code, type FunctionReference, type I32, i32, type ModuleBuilder, v128 } from '../assembler/index.ts';
import { add, plus, range, times, upTo, walk } from './arithmetic.ts';
import { type KernelDType, type Numeric, numerics } from './numeric.ts';

export interface MatmulVariant {
  /** A is given as [inner, rows]. */
  readonly transposeA?: boolean;
  /** B is given as [columns, inner]. */
  readonly transposeB?: boolean;
}

export interface MatmulSizes {
  readonly rows: number;
  readonly columns: number;
  readonly inner: number;
}

/** The exported function; addresses and the scratch are in bytes, rows beginRow <= r < endRow are written. */
export type Matmul = (
  a: number,
  b: number,
  out: number,
  rows: number,
  columns: number,
  inner: number,
  scratch: number,
  beginRow: number,
  endRow: number,
) => void;

/** Terms of one partial sum: bounds the error's growth, and a panel of B of this height stays in the L1 cache. */
const depth = 256;
const tileRows = 4;
/** Vectors of a panel's row: 4 x 2 accumulators, 2 of B, 1 of A and a product fit in x64's 15 free registers. */
const panelVectors = 2;
/** Between panels: without it those of 256 rows would lie in the same sets of the L1 cache, which are written at once. */
const panelGap = 64;
/** Bytes of B's block and rows of A's block: both stay in an L2 cache of 1 MiB. */
const blockBytes = 1 << 19;
const blockRows = 128;

const blockColumns = (dtype: KernelDType): number => blockBytes / depth / numerics[dtype].bytes;
/** A tile buffer for the columns of a panel that is not full; then A's strips, if it is transposed; then B's panels. */
const edgeStep = panelVectors * 16;
const edgeBytes = blockRows * edgeStep;
const firstPanel = (dtype: KernelDType, strips: boolean): number =>
  edgeBytes + (strips ? blockRows * depth * numerics[dtype].bytes + (blockRows / tileRows) * panelGap : 0);

/** Bytes of scratch, 16-byte aligned, for each call that runs at the same time. */
export function matmulScratch(
  dtype: KernelDType,
  { transposeA = false }: MatmulVariant,
  { columns, inner }: MatmulSizes,
): number {
  const { bytes, lanes } = numerics[dtype];
  const panelColumns = panelVectors * lanes;
  const panels = Math.ceil(Math.min(columns, blockColumns(dtype)) / panelColumns);
  return firstPanel(dtype, transposeA) + panels * (panelColumns * Math.min(inner, depth) * bytes + panelGap);
}

/**
 * out[r, 0..width) (+)= Σ_k A[r, k] · panel[k, 0..width) for all rows of a block. A function of its own, called often,
 * since V8 can't replace a running function by its optimised code. Its loop takes one k a turn: of several, V8 moves all
 * loads to the front and spills half of them.
 *
 * A is row-major with `rowStep` bytes between rows, or, with `strips`, packed in strips of as many rows as a tile has.
 */
function emitPanel(module: ModuleBuilder, numeric: Numeric, vectors: number, strips: boolean): FunctionReference {
  const { bytes, zeros, add: plusVector, mul, loadSplat } = numeric;
  return module.function(
    { parameters: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'] },
    (code, [a, b, out, rows, count, rowStep, outStep, accumulate]) => {
      const tile = (body: Code, height: number): void => {
        const sums = range(height).map(() => range(vectors).map(() => body.let(zeros)));
        const pointers = range(strips ? 1 : height).map((r) => body.let(add(a, times(rowStep, r))));
        const panel = body.let(b);
        const end = body.let(add(b, times(count, 16 * vectors)));
        body.while(i32.ne(panel, end), (loop) => {
          const row = range(vectors).map((v) => loop.let(v128.load(panel, 16 * v)));
          for (const [r, accumulators] of sums.entries()) {
            const x = loop.let(strips ? loadSplat(pointers[0]!, r * bytes) : loadSplat(pointers[r]!));
            for (const [v, sum] of accumulators.entries()) loop.set(sum, plusVector(sum, mul(x, row[v]!)));
          }
          loop.set(panel, plus(panel, 16 * vectors));
          for (const pointer of pointers) loop.set(pointer, plus(pointer, strips ? tileRows * bytes : bytes));
        });
        const write = (place: Code, also: boolean): void => {
          const to = place.let(out);
          for (const [r, accumulators] of sums.entries()) {
            for (const [v, sum] of accumulators.entries())
              place.store(to, also ? plusVector(v128.load(to, 16 * v), sum) : sum, 16 * v);
            if (r + 1 < height) place.set(to, i32.add(to, outStep));
          }
        };
        body.if(
          accumulate,
          (place) => write(place, true),
          (place) => write(place, false),
        );
        // The next strip follows this one.
        body.set(a, strips ? plus(pointers[0]!, panelGap) : add(a, times(rowStep, height)));
        body.set(out, add(out, times(outStep, height)));
      };
      const done = code.let(i32.const(tileRows));
      code.countTo(done, plus(rows, 1), tileRows, (body) => tile(body, tileRows));
      const rest = code.let(i32.and(rows, i32.const(tileRows - 1)));
      for (const height of range(tileRows).slice(1))
        code.if(i32.eq(rest, i32.const(height)), (body) => tile(body, height));
      return undefined;
    },
  );
}

/** Adds the valid columns of an edge's tile buffer to the result, or writes them there. */
function emitUnload(module: ModuleBuilder, { bytes, load, addScalar }: Numeric): FunctionReference {
  return module.function(
    { parameters: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'] },
    (code, [from, out, rows, width, outStep, accumulate]) => {
      const end = code.let(add(from, times(rows, edgeStep)));
      walk(code, from, end, edgeStep, (body) => {
        const [source, to] = [body.let(from), body.let(out)];
        walk(body, to, add(out, width), bytes, (loop) => {
          const value = loop.let(load(source));
          loop.if(accumulate, (also) => also.set(value, addScalar(load(to), value)));
          loop.store(to, value);
          loop.set(source, plus(source, bytes));
        });
        body.set(out, i32.add(out, outStep));
      });
      return undefined;
    },
  );
}

/**
 * Copies `count` lines, `fromStep` apart, into `panels` panels of `count` rows of `vectors` vectors. Four lines at once,
 * so that each cache line is read and written in one go: lines are often multiples of 4 KiB apart, in one set.
 */
function emitPack(module: ModuleBuilder, _: Numeric, vectors: number): FunctionReference {
  const rowBytes = 16 * vectors;
  return module.function(
    { parameters: ['i32', 'i32', 'i32', 'i32', 'i32'] },
    (code, [from, to, count, fromStep, panels]) => {
      const panelBytes = code.let(plus(times(count, rowBytes), panelGap));
      const k = code.let(i32.const(0));
      const lines = (body: Code, height: number): void => {
        const pointers = range(height).map((line) => body.let(add(from, times(fromStep, line))));
        const target = body.let(to);
        const end = body.let(add(from, times(panels, rowBytes)));
        body.while(i32.ne(pointers[0]!, end), (loop) => {
          for (const [line, pointer] of pointers.entries()) {
            for (const v of range(vectors)) loop.store(target, v128.load(pointer, 16 * v), line * rowBytes + 16 * v);
            loop.set(pointer, plus(pointer, rowBytes));
          }
          loop.set(target, i32.add(target, panelBytes));
        });
        body.set(from, add(from, times(fromStep, height)));
        body.set(to, plus(to, height * rowBytes));
      };
      code.countTo(k, plus(count, -3), 4, (body) => lines(body, 4));
      code.countTo(k, count, 1, (body) => lines(body, 1));
      return undefined;
    },
  );
}

/** The same of a transposed source, whose lines are as long as `count` and `fromStep` apart. */
function emitPackTransposed(module: ModuleBuilder, numeric: Numeric, vectors: number): FunctionReference {
  const { bytes, lanes, shift, transpose, load } = numeric;
  const rowBytes = 16 * vectors;
  return module.function(
    { parameters: ['i32', 'i32', 'i32', 'i32', 'i32'] },
    (code, [from, to, count, fromStep, panels]) => {
      const end = code.let(add(to, i32.mul(panels, plus(times(count, rowBytes), panelGap))));
      const bytesOfLine = code.let(times(count, bytes));
      const whole = code.let(i32.shl(i32.and(count, i32.const(-lanes)), i32.const(shift)));
      code.while(i32.ne(to, end), (body) => {
        const lines = range(vectors * lanes).map((line) => body.let(add(from, times(fromStep, line))));
        const position = body.let(i32.const(0));
        body.countTo(position, whole, 16, (loop) => {
          for (const v of range(vectors)) {
            const square = lines.slice(v * lanes, (v + 1) * lanes);
            const columns = transpose(
              loop,
              square.map((line) => loop.let(v128.load(i32.add(line, position)))),
            );
            for (const [k, column] of columns.entries()) loop.store(to, column, k * rowBytes + 16 * v);
          }
          loop.set(to, plus(to, lanes * rowBytes));
        });
        body.countTo(position, bytesOfLine, bytes, (loop) => {
          for (const [k, line] of lines.entries()) loop.store(to, load(i32.add(line, position)), k * bytes);
          loop.set(to, plus(to, rowBytes));
        });
        body.set(to, plus(to, panelGap));
        body.set(from, add(from, times(fromStep, vectors * lanes)));
      });
      return undefined;
    },
  );
}

/** One panel that is not full, element by element, so that nothing beyond the source is read. */
function emitPackEdge(module: ModuleBuilder, { bytes, load }: Numeric): FunctionReference {
  return module.function(
    { parameters: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'] },
    (code, [from, to, count, majorStep, minorStep, width, rowBytes]) => {
      const end = code.let(add(to, i32.mul(count, rowBytes)));
      walk(code, to, end, rowBytes, (row) => {
        const [source, target] = [row.let(from), row.let(to)];
        walk(row, target, add(to, times(width, bytes)), bytes, (loop) => {
          loop.store(target, load(source));
          loop.set(source, i32.add(source, minorStep));
        });
        row.set(from, i32.add(from, majorStep));
      });
      return undefined;
    },
  );
}

/**
 * Exports `matmul` ({@link Matmul}): out[r, c] = Σ_k A[r, k]·B[k, c], row-major. The order in which an element's terms
 * are added depends on `inner` alone: not on the other sizes, nor on the range of rows.
 */
export function emitMatmul(
  module: ModuleBuilder,
  dtype: KernelDType,
  { transposeA = false, transposeB = false }: MatmulVariant = {},
): void {
  const numeric = numerics[dtype];
  const { bytes, lanes } = numeric;
  const panelColumns = panelVectors * lanes;
  /** Where the panel that begins with an element lies, behind the first one. */
  const packedAt = (element: I32, count: I32, width: number): I32 =>
    add(i32.mul(element, times(count, bytes)), times(i32.div_u(element, i32.const(width)), panelGap));
  const panels = range(panelVectors).map((v) => emitPanel(module, numeric, v + 1, transposeA));
  const packColumns = (transposeB ? emitPackTransposed : emitPack)(module, numeric, panelVectors);
  const packRows = transposeA ? emitPack(module, numeric, tileRows / lanes) : undefined;
  const packEdge = emitPackEdge(module, numeric);
  const unload = emitUnload(module, numeric);

  /** One block of B, whose panels are packed, times a block of A's rows. */
  const block = module.function(
    { parameters: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'] },
    (code, [a, out, scratch, rows, columns, count, stepA, outStep, accumulate]) => {
      const strips = code.let(plus(scratch, edgeBytes));
      if (packRows !== undefined) {
        const whole = code.let(i32.and(rows, i32.const(-tileRows)));
        const rest = code.let(i32.sub(rows, whole));
        code.call(packRows.index, [a, strips, count, stepA, i32.div_u(whole, i32.const(tileRows))]);
        code.if(rest, (edge) =>
          edge.call(packEdge.index, [
            ...[add(a, times(whole, bytes)), add(strips, packedAt(whole, count, tileRows))],
            ...[count, stepA, i32.const(bytes), rest, i32.const(tileRows * bytes)],
          ]),
        );
      }
      const panel = code.let(plus(scratch, firstPanel(dtype, transposeA)));
      const left = code.let(columns);
      const call = (body: Code, vectors: number, to: I32, toStep: I32, also: I32): void =>
        body.call(panels[vectors - 1]!.index, [
          ...[packRows === undefined ? a : strips, panel, to],
          ...[rows, count, stepA, toStep, also],
        ]);
      code.while(i32.ge_s(left, i32.const(panelColumns)), (body) => {
        call(body, panelVectors, out, outStep, accumulate);
        body.set(panel, add(panel, times(count, 16 * panelVectors), i32.const(panelGap)));
        body.set(out, plus(out, 16 * panelVectors));
        body.set(left, plus(left, -panelColumns));
      });
      code.if(left, (edge) => {
        edge.if(
          i32.le_s(left, i32.const(lanes)),
          (narrow) => call(narrow, 1, scratch, i32.const(edgeStep), i32.const(0)),
          (wide) => call(wide, 2, scratch, i32.const(edgeStep), i32.const(0)),
        );
        edge.call(unload.index, [scratch, out, rows, times(left, bytes), outStep, accumulate]);
      });
      return undefined;
    },
  );

  /** Packs a block of B into panels; the last may have fewer columns and then as few vectors as hold them. */
  const pack = module.function(
    { parameters: ['i32', 'i32', 'i32', 'i32', 'i32'] },
    (code, [from, to, count, columns, stepB]) => {
      const whole = code.let(i32.and(columns, i32.const(-panelColumns)));
      const rest = code.let(i32.sub(columns, whole));
      code.call(packColumns.index, [from, to, count, stepB, i32.div_u(whole, i32.const(panelColumns))]);
      const element = i32.const(bytes);
      const [major, minor] = transposeB ? [element, stepB] : [stepB, element];
      code.if(rest, (edge) =>
        edge.call(packEdge.index, [
          ...[add(from, i32.mul(whole, minor)), add(to, packedAt(whole, count, panelColumns))],
          ...[count, major, minor, rest],
          i32.select(i32.const(16), i32.const(32), i32.le_s(rest, i32.const(lanes))),
        ]),
      );
      return undefined;
    },
  );

  module.function(
    { name: 'matmul', parameters: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'] },
    (code, [a, b, out, rows, columns, inner, scratch, beginRow, endRow]) => {
      const outStep = code.let(times(columns, bytes));
      const place = (base: I32, major: I32, step: I32, minor: I32) =>
        add(base, i32.mul(major, step), times(minor, bytes));
      code.if(i32.eqz(inner), (body) =>
        body.fill(
          place(out, beginRow, outStep, i32.const(0)),
          i32.const(0),
          i32.mul(i32.sub(endRow, beginRow), outStep),
        ),
      );
      const stepA = code.let(times(transposeA ? rows : inner, bytes));
      const stepB = code.let(times(transposeB ? inner : columns, bytes));
      const [c, k, r] = [code.let(i32.const(0)), code.variable('i32'), code.variable('i32')];
      code.countTo(c, columns, blockColumns(dtype), (ofColumns) => {
        const width = upTo(ofColumns, c, columns, blockColumns(dtype));
        ofColumns.set(k, i32.const(0));
        ofColumns.countTo(k, inner, depth, (ofInner) => {
          const height = upTo(ofInner, k, inner, depth);
          const from = transposeB ? place(b, c, stepB, k) : place(b, k, stepB, c);
          ofInner.call(pack.index, [from, plus(scratch, firstPanel(dtype, transposeA)), height, width, stepB]);
          ofInner.set(r, beginRow);
          ofInner.countTo(r, endRow, blockRows, (ofRows) => {
            const count = upTo(ofRows, r, endRow, blockRows);
            const rowsOfA = transposeA ? place(a, k, stepA, r) : place(a, r, stepA, k);
            ofRows.call(block.index, [
              ...[rowsOfA, place(out, r, outStep, c), scratch],
              ...[count, width, height, stepA, outStep, k],
            ]);
          });
        });
      });
      return undefined;
    },
  );
}
