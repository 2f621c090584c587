import { type Expr, isOp, sizeOf, stridesTo, walk } from '@isoloss/core';
import { type BoundContext, type Bounded, Builder, cell, isExact, isExactCell, read, settle } from './bounded.ts';
import { aligned, mergedUncertainty } from './elementwise.ts';

type Comparison = 'equal' | 'less' | 'lessEqual';

const outcomes: { readonly [K in Comparison]: (a: number, b: number) => boolean } = {
  equal: (a, b) => a === b,
  less: (a, b) => a < b,
  lessEqual: (a, b) => a <= b,
};

/**
 * A comparison is uncertain where the operands' intervals let it come out both ways. In float64 our own values carry the
 * same errors as a backend's, so that the margin counts twice.
 */
export const comparison =
  (op: Comparison) =>
  (inputs: readonly Bounded[], context: BoundContext): Bounded => {
    const { shape, format, node } = context;
    const winners = op === 'equal' ? maximumComparedWithItself(node, inputs, shape) : undefined;
    if (winners !== undefined) return winners;
    const [a, b] = inputs.map((input) => aligned(input, shape)) as [Bounded, Bounded];
    const size = sizeOf(shape);
    const data = new Uint8Array(size);
    const exact = isExact(a) && isExact(b);
    const uncertain = exact ? undefined : (mergedUncertainty([a, b], size) ?? new Uint8Array(size));
    const margin = format.dtype === 'float64' ? 2 : 1;
    const [x, y] = [cell(), cell()];
    for (let k = 0; k < size; k++) {
      read(a, a.data.length === 1 ? 0 : k, x);
      read(b, b.data.length === 1 ? 0 : k, y);
      data[k] = +outcomes[op](x.v, y.v);
      if (exact || uncertain![k] || (isExactCell(x) && isExactCell(y))) continue;
      const below = x.v < y.v || (x.v === y.v && op === 'lessEqual');
      const above = x.v > y.v || (x.v === y.v && op === 'less');
      const reach = below ? x.up + y.down : above ? x.down + y.up : Math.max(x.up + y.down, x.down + y.up);
      const gap = x.v === y.v ? 0 : Math.abs(x.v - y.v);
      // Where meeting already changes the outcome, and where only passing does.
      const meeting = op === 'equal' ? x.v !== y.v : op === 'less' ? x.v < y.v : x.v > y.v;
      uncertain![k] = +(meeting ? gap <= margin * reach : gap < margin * reach);
    }
    return { shape, data, uncertain };
  };

/**
 * `x = max(x)`, as the derivative of a maximum asks it, compares a number with itself: rounding decides only between
 * elements that come near one another, never for one that leads by more than its error.
 */
function maximumComparedWithItself(
  node: Expr,
  [x, m]: readonly Bounded[],
  shape: readonly number[],
): Bounded | undefined {
  if (x!.up === undefined || m!.up === undefined) return undefined;
  let source = node.inputs[1]!;
  while (source.op === 'reshape' || source.op === 'broadcastTo') source = source.inputs[0]!;
  const axes = reducedAxes(source, node.inputs[0]!);
  if (axes === undefined) return undefined;
  const kept = shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const strides = stridesTo(kept, shape).map((stride, axis) => (axes.includes(axis) ? 0 : stride));
  const groups = sizeOf(kept);
  if (m!.data.length !== groups) return undefined;
  const [low, high, next] = [0, 0, 0].map(() => new Float64Array(groups).fill(Number.NEGATIVE_INFINITY));
  walk(shape, strides, (k, group) => {
    const [least, most] = [x!.data[k]! - x!.down![k]!, x!.data[k]! + x!.up![k]!];
    if (least > low![group]!) low![group] = least;
    if (most > high![group]!) [next![group], high![group]] = [high![group]!, most];
    else if (most > next![group]!) next![group] = most;
  });
  const data = new Uint8Array(sizeOf(shape));
  const uncertain = new Uint8Array(data.length);
  walk(shape, strides, (k, group) => {
    const [value, least, most] = [x!.data[k]!, x!.data[k]! - x!.down![k]!, x!.data[k]! + x!.up![k]!];
    const others = most === high![group]! ? next![group]! : high![group]!;
    data[k] = +(value === m!.data[group]);
    uncertain[k] = +(most >= low![group]! && least <= others);
  });
  return { shape, data, uncertain };
}

/** The axes over which `source` is the maximum of `x`, if it is. */
function reducedAxes(source: Expr, x: Expr): readonly number[] | undefined {
  if (isOp(source, 'max') && source.inputs[0] === x) return source.attributes.axes;
  if (isOp(source, 'norm') && source.attributes.p === Number.POSITIVE_INFINITY && x.op === 'abs')
    return source.inputs[0] === x.inputs[0] ? [source.attributes.axis] : undefined;
  return undefined;
}

/** Whether a value is a number, or finite: uncertain where it may have left the range. */
export const classification =
  (test: (x: number) => boolean) =>
  ([x]: readonly Bounded[], { shape }: BoundContext): Bounded => ({
    shape,
    data: Uint8Array.from(x!.data as Float64Array, (value) => +test(value)),
    uncertain:
      x!.up &&
      Uint8Array.from(x!.up, (up, k) => +(up === Number.POSITIVE_INFINITY || x!.down![k] === Number.POSITIVE_INFINITY)),
  });

/** and, or, not: an operand that decides alone makes the outcome certain. */
export const logic =
  (fn: (a: number, b: number) => number, deciding: number | undefined) =>
  (inputs: readonly Bounded[], { shape }: BoundContext): Bounded => {
    const [a, b] = inputs.map((input) => aligned(input, shape));
    const size = sizeOf(shape);
    const at = (x: Bounded | undefined, k: number): [number, number] => {
      if (x === undefined) return [0, 0];
      const j = x.data.length === 1 ? 0 : k;
      return [x.data[j]!, x.uncertain === undefined ? 0 : x.uncertain[j]!];
    };
    const data = new Uint8Array(size);
    const uncertain = new Uint8Array(size);
    for (let k = 0; k < size; k++) {
      const [[p, pUncertain], [q, qUncertain]] = [at(a, k), at(b, k)];
      data[k] = fn(p, q);
      const decided = (!pUncertain && p === deciding) || (b !== undefined && !qUncertain && q === deciding);
      uncertain[k] = +(!decided && Boolean(pUncertain || qUncertain));
    }
    return { shape, data, uncertain: uncertain.includes(1) ? uncertain : undefined };
  };

/** A choice that rounding decides costs the distance between the branches. */
export function where(inputs: readonly Bounded[], { shape, format }: BoundContext): Bounded {
  const [condition, a, b] = inputs.map((input) => aligned(input, shape)) as [Bounded, Bounded, Bounded];
  const chosen = (k: number) => condition.data[condition.data.length === 1 ? 0 : k] === 1;
  const doubt = (k: number) => condition.uncertain?.[condition.uncertain.length === 1 ? 0 : k] === 1;
  const index = (x: Bounded, k: number) => (x.data.length === 1 ? 0 : k);
  if (a.data instanceof Int32Array) {
    const size = sizeOf(shape);
    const data = new Int32Array(size);
    const uncertain = new Uint8Array(size);
    for (let k = 0; k < size; k++) {
      const [taken, left] = chosen(k) ? [a, b] : [b, a];
      data[k] = taken.data[index(taken, k)]!;
      uncertain[k] = +(
        taken.uncertain?.[index(taken, k)] === 1 ||
        (doubt(k) && (left.data[index(left, k)] !== data[k] || left.uncertain?.[index(left, k)] === 1))
      );
    }
    return { shape, data, uncertain: uncertain.includes(1) ? uncertain : undefined };
  }
  const result = new Builder(shape);
  const [x, y] = [cell(), cell()];
  for (let k = 0; k < result.data.length; k++) {
    const [taken, left] = chosen(k) ? [a, b] : [b, a];
    read(taken, index(taken, k), x);
    if (doubt(k)) {
      read(left, index(left, k), y);
      const apart = y.v === x.v ? 0 : y.v - x.v;
      x.up = Math.max(x.up, apart + y.up);
      x.down = Math.max(x.down, y.down - apart);
      // Whether it is a number at all is in doubt.
      if (Number.isNaN(apart)) {
        if (Number.isNaN(x.v) && Number.isNaN(y.v)) x.up = x.down = 0;
        else [x.v, x.up, x.down] = [Number.isNaN(x.v) ? y.v : x.v, Number.NaN, Number.NaN];
      }
      settle(x, 0, true, format);
    }
    result.set(k, x);
  }
  return result.done();
}

/** Whole numbers and booleans become floats exactly, as long as the format holds them. */
export function cast([x]: readonly Bounded[], context: BoundContext): Bounded {
  const { shape, format, node } = context;
  const to = node.type.dtype;
  const from = node.inputs[0]!.type.dtype;
  if (to === from) return x!;
  if (to === 'float') {
    const result = new Builder(shape);
    const out = cell();
    for (let k = 0; k < result.data.length; k++) {
      out.v = x!.data[k]!;
      out.down = out.up = 0;
      if (x!.uncertain?.[k]) {
        if (from === 'bool') [out.down, out.up] = [out.v, 1 - out.v];
        else out.down = out.up = Number.POSITIVE_INFINITY;
      }
      settle(out, format.u, format.round(out.v) === out.v, format);
      result.set(k, out);
    }
    return result.done();
  }
  const inexact = x!.up && Uint8Array.from(x!.up, (up, k) => +(up !== 0 || x!.down![k] !== 0));
  const data =
    to === 'int'
      ? Int32Array.from(x!.data as Float64Array)
      : Uint8Array.from(x!.data as Float64Array, (value) => +(value !== 0));
  return { shape, data, uncertain: x!.uncertain ?? inexact };
}
