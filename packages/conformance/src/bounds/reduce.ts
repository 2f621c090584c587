import { type Attributes, eachLine, sizeOf, stridesTo, walk } from '@isoloss/core';
import { type FloatFormat, lowestBit } from '../float.ts';
import {
  type BoundContext,
  type Bounded,
  Builder,
  broadcastBounded,
  type Cell,
  cell,
  isExactCell,
  read,
  settle,
} from './bounded.ts';
import { mul } from './elementwise.ts';

/**
 * A sum of n terms in any order: the terms' own deviations, and at most n − 1 roundings of partial sums, each at most
 * u·Σ|terms|. Zeros that are exact are no terms. If every term is a multiple of some 2^q and Σ|terms| <= 2^(p+q), every
 * partial sum in every order is a number of the format, and the sum is exact.
 */
class Sum {
  private total = 0;
  private correction = 0;
  private magnitude = 0;
  private down = 0;
  private up = 0;
  private count = 0;
  private exact = true;
  private quantum = Number.POSITIVE_INFINITY;

  add(x: Cell): void {
    if (x.v === 0 && isExactCell(x)) return;
    this.count++;
    const before = this.total;
    this.total = before + x.v;
    // Neumaier, as the reference's own sum.
    this.correction += Math.abs(before) >= Math.abs(x.v) ? before - this.total + x.v : x.v - this.total + before;
    this.magnitude += Math.abs(x.v) + Math.max(x.down, x.up);
    this.down += x.down;
    this.up += x.up;
    if (!isExactCell(x)) this.exact = false;
    else if (this.exact && Number.isFinite(x.v)) this.quantum = Math.min(this.quantum, lowestBit(x.v));
  }

  /** `own`: roundings of each term that its deviations don't hold yet, relative. */
  into(out: Cell, format: FloatFormat): void {
    out.v = Number.isFinite(this.total) ? this.total + this.correction : this.total;
    out.down = this.down;
    out.up = this.up;
    const fits = this.exact && this.magnitude <= 2 ** Math.min(format.precision + this.quantum, 1100);
    const exact = this.count <= 1 || fits;
    const n = this.count - 1;
    if (!exact && Number.isFinite(this.magnitude)) {
      const own = ((n * format.u) / (1 - n * format.u)) * this.magnitude;
      out.down += own;
      out.up += own;
    }
    if (this.count <= 1) settleOnce(out, format);
    else {
      // A partial sum may leave the range although the sum is in it.
      if (!exact && this.magnitude > format.max && Number.isFinite(out.v)) out.down = out.up = Number.POSITIVE_INFINITY;
      settle(out, 0, exact, format);
    }
  }
}

/** One term is handed through as it is. */
const settleOnce = (out: Cell, format: FloatFormat): void => settle(out, 0, true, format);

/** Positions of a reduction's result for the elements of its operand. */
function reducedStrides(shape: readonly number[], axes: readonly number[]): { size: number; strides: number[] } {
  const kept = shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const strides = stridesTo(kept, shape).map((stride, axis) => (axes.includes(axis) ? 0 : stride));
  return { size: sizeOf(kept), strides };
}

export function sum([x]: readonly Bounded[], { shape, format, attributes }: BoundContext): Bounded {
  const { axes } = attributes as Attributes['sum'];
  const { size, strides } = reducedStrides(x!.shape, axes);
  if (x!.data instanceof Int32Array) {
    const data = new Int32Array(size);
    const uncertain = x!.uncertain && new Uint8Array(size);
    walk(x!.shape, strides, (k, at) => {
      data[at]! += x!.data[k]!;
      if (uncertain && x!.uncertain![k]) uncertain[at] = 1;
    });
    return { shape, data, uncertain };
  }
  const sums = Array.from({ length: size }, () => new Sum());
  const term = cell();
  walk(x!.shape, strides, (k, at) => sums[at]!.add(read(x!, k, term)));
  return collect(sums, shape, format);
}

function collect(sums: readonly Sum[], shape: readonly number[], format: FloatFormat): Bounded {
  const result = new Builder(shape);
  const out = cell();
  sums.forEach((total, k) => {
    total.into(out, format);
    result.set(k, out);
  });
  return result.done();
}

/** The ends of the maximum's interval are the maxima of the ends. */
export function max([x]: readonly Bounded[], { shape, format, attributes }: BoundContext): Bounded {
  const { axes } = attributes as Attributes['max'];
  const { size, strides } = reducedStrides(x!.shape, axes);
  const values = new Float64Array(size).fill(Number.NEGATIVE_INFINITY);
  walk(x!.shape, strides, (k, at) => {
    values[at] = Math.max(values[at]!, x!.data[k]!);
  });
  const out: Cell[] = Array.from(values, (v) => ({ v, up: 0, down: Number.POSITIVE_INFINITY }));
  const element = cell();
  walk(x!.shape, strides, (k, at) => {
    const result = out[at]!;
    read(x!, k, element);
    const below = element.v === result.v ? 0 : result.v - element.v;
    result.up = Math.max(result.up, element.up - below);
    result.down = Math.min(result.down, element.down + below);
  });
  const result = new Builder(shape);
  out.forEach((entry, k) => {
    if (entry.down === Number.POSITIVE_INFINITY && entry.v === Number.NEGATIVE_INFINITY) entry.down = 0;
    settle(entry, 0, true, format);
    result.set(k, entry);
  });
  return result.done();
}

export function cumsum([x]: readonly Bounded[], { shape, format, attributes }: BoundContext): Bounded {
  const { axis, exclusive, reverse } = attributes as Attributes['cumsum'];
  const result = new Builder(shape);
  const [term, out] = [cell(), cell()];
  eachLine(shape, axis, (start, stride, length) => {
    const total = new Sum();
    for (let k = 0; k < length; k++) {
      const at = start + (reverse ? length - 1 - k : k) * stride;
      if (!exclusive) total.add(read(x!, at, term));
      total.into(out, format);
      result.set(at, out);
      if (exclusive) total.add(read(x!, at, term));
    }
  });
  return result.done();
}

/** Each element is a sum of rounded products. */
export function matmul([a, b]: readonly Bounded[], context: BoundContext): Bounded {
  const { shape, format } = context;
  const [rows, columns, inner] = [shape.at(-2)!, shape.at(-1)!, a!.shape.at(-1)!];
  const lead = shape.slice(0, -2);
  const left = broadcastBounded(a!, [...lead, rows, inner]);
  const right = broadcastBounded(b!, [...lead, inner, columns]);
  const result = new Builder(shape);
  const [x, y, product] = [cell(), cell(), cell()];
  for (let block = 0; block < sizeOf(lead); block++)
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < columns; c++) {
        const total = new Sum();
        for (let k = 0; k < inner; k++) {
          read(left, (block * rows + r) * inner + k, x);
          read(right, (block * inner + k) * columns + c, y);
          const exact = mul(product, [x, y], format, undefined as never);
          settle(product, format.u, exact, format);
          total.add(product);
        }
        total.into(product, format);
        result.set((block * rows + r) * columns + c, product);
      }
  return result.done();
}

/** Calls `visit(here, there)` for each index entry, as gather and scatterAdd do. */
function eachIndex(
  index: Bounded,
  shape: readonly number[],
  axis: number,
  visit: (here: number, there: number, line: number, stride: number) => void,
): void {
  const [inner, own, other] = [sizeOf(shape.slice(axis + 1)), index.shape[axis]!, shape[axis]!];
  eachLine(index.shape, axis, (start, stride, length) => {
    const block = own === 0 ? 0 : Math.floor(start / (own * inner));
    const base = block * other * inner + (start % inner);
    for (let k = 0; k < length; k++) {
      const here = start + k * stride;
      visit(here, base + index.data[here]! * inner, base, inner);
    }
  });
}

/** An uncertain index may pick any element of its line. */
export function gather([x, index]: readonly Bounded[], { shape, attributes }: BoundContext): Bounded {
  const { axis } = attributes as Attributes['gather'];
  const size = sizeOf(shape);
  if (x!.data instanceof Int32Array || x!.data instanceof Uint8Array) {
    const data = new (x!.data.constructor as Int32ArrayConstructor)(size);
    const uncertain = x!.uncertain || index!.uncertain ? new Uint8Array(size) : undefined;
    eachIndex(index!, x!.shape, axis, (here, there) => {
      data[here] = x!.data[there]!;
      if (uncertain) uncertain[here] = +Boolean(x!.uncertain?.[there] || index!.uncertain?.[here]);
    });
    return { shape, data, uncertain };
  }
  const result = new Builder(shape);
  const [out, other] = [cell(), cell()];
  eachIndex(index!, x!.shape, axis, (here, there, line, stride) => {
    read(x!, there, out);
    if (index!.uncertain?.[here])
      for (let k = 0; k < x!.shape[axis]!; k++) {
        read(x!, line + k * stride, other);
        out.up = Math.max(out.up, other.v + other.up - out.v);
        out.down = Math.max(out.down, out.v - other.v + other.down);
      }
    result.set(here, out);
  });
  return result.done();
}

export function scatterAdd([x, index]: readonly Bounded[], { shape, format, attributes }: BoundContext): Bounded {
  const { axis } = attributes as Attributes['scatterAdd'];
  const sums = Array.from({ length: sizeOf(shape) }, () => new Sum());
  const term = cell();
  eachIndex(index!, shape, axis, (here, there) => sums[there]!.add(read(x!, here, term)));
  return collect(sums, shape, format);
}

/** The reference's order; neighbours that rounding may swap are groups, one of which may be turned round in this evaluation. */
export function argsort([x]: readonly Bounded[], { shape, attributes, ties, format }: BoundContext): Bounded {
  const { axis } = attributes as Attributes['argsort'];
  const data = new Int32Array(sizeOf(shape));
  const margin = format.dtype === 'float64' ? 2 : 1;
  eachLine(shape, axis, (start, stride, length) => {
    const at = (k: number) => start + k * stride;
    const value = (k: number) => x!.data[at(k)]!;
    const order = Array.from({ length }, (_, k) => k).sort((a, b) => {
      const [p, q] = [value(a), value(b)];
      return p < q ? -1 : p > q ? 1 : Number(Number.isNaN(p)) - Number(Number.isNaN(q)) || a - b;
    });
    const near = (a: number, b: number): boolean => {
      if (x!.up === undefined) return false;
      const reach = x!.up[at(a)]! + x!.down![at(b)]!;
      return reach > 0 && value(b) - value(a) <= margin * reach;
    };
    for (let from = 0; from < length; ) {
      let to = from + 1;
      while (to < length && near(order[to - 1]!, order[to]!)) to++;
      if (to - from > 1 && ties.found++ === ties.turned)
        order.splice(from, to - from, ...order.slice(from, to).reverse());
      from = to;
    }
    order.forEach((k, position) => {
      data[at(position)] = k;
    });
  });
  return { shape, data };
}

/** A constant that no short number is: rounded to the format, or the outcome of a little arithmetic on options in float64. */
export function constant(_: readonly Bounded[], { attributes, format, node }: BoundContext): Bounded {
  const { value } = attributes as Attributes['constant'];
  if (node.type.dtype === 'int') return { shape: [], data: Int32Array.of(value) };
  if (node.type.dtype === 'bool') return { shape: [], data: Uint8Array.of(value) };
  const result = new Builder([]);
  const out: Cell = { v: value, down: 0, up: 0 };
  // 1 − 0.1 or margin·sin(margin) was computed in float64 by JavaScript: a function to within an ULP, and a product.
  const inexact = Math.fround(value) !== value && Number.isFinite(value);
  settle(out, inexact ? (format.dtype === 'float64' ? 3 * format.u : format.u) : 0, !inexact, format);
  result.set(0, out);
  return result.done();
}
