import { TraceError } from '../errors.ts';
import type { Dim } from '../graph/dim.ts';
import { type Expr, where } from '../graph/expr.ts';
import { allocate, broadcast, type NDArray, sizeOf, stridesTo, walk } from '../graph/ndarray.ts';
import type { TensorType } from '../graph/type.ts';
import type { Rule } from './attributes.ts';
import { sameDType } from './elementwise.ts';

const kept = (shape: readonly Dim[], axes: readonly number[]): Dim[] =>
  shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim));

function reducedType(
  op: 'sum' | 'max',
  [x]: readonly TensorType[],
  axes: readonly number[],
  keepDims: boolean,
): TensorType {
  const dtype = sameDType(op, [x!], op === 'sum' ? ['float', 'int'] : ['float']);
  return { dtype, shape: keepDims ? kept(x!.shape, axes) : x!.shape.filter((_, axis) => !axes.includes(axis)) };
}

/** Folds `x` over `axes` into an array of `shape`. */
function fold(
  x: NDArray,
  axes: readonly number[],
  shape: readonly number[],
  initial: number,
  combine: (total: number, value: number, k: number) => number,
): NDArray {
  const dtype = x.data instanceof Int32Array ? 'int' : 'float';
  const data = allocate(dtype, sizeOf(shape)).fill(initial);
  // Strides of the result as seen while walking the operand: 0 along what is reduced.
  const keptShape = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const strides = stridesTo(keptShape, x.shape).map((stride, axis) => (axes.includes(axis) ? 0 : stride));
  walk(x.shape, strides, (position, offset) => {
    data[offset] = combine(data[offset]!, x.data[position]!, offset);
  });
  return { shape, data };
}

/** The result seen with the operand's rank, so that it broadcasts against it. */
const withAxes = (result: Expr, x: Expr, axes: readonly number[]): Expr => result.reshape(kept(x.shape, axes));

export const sum: Rule<'sum'> = {
  infer: (inputs, { axes, keepDims }) => reducedType('sum', inputs, axes, keepDims),
  evaluate: ([x], { shape, attributes: { axes } }) => {
    // Neumaier's compensation: the reference's sums carry about twice float64's digits.
    const correction = new Float64Array(sizeOf(shape));
    const total = fold(x!, axes, shape, 0, (before, value, k) => {
      const after = before + value;
      correction[k]! += Math.abs(before) >= Math.abs(value) ? before - after + value : value - after + before;
      return after;
    });
    total.data.forEach((value, k) => {
      if (Number.isFinite(value)) total.data[k] = value + correction[k]!;
    });
    return total;
  },
  derivative: (g, { inputs: [x], attributes: { axes } }) => [
    x!.type.dtype === 'float' ? withAxes(g, x!, axes).broadcastTo(x!.shape) : null,
  ],
};

export const max: Rule<'max'> = {
  infer: (inputs, { axes, keepDims }) => reducedType('max', inputs, axes, keepDims),
  evaluate: ([x], { shape, attributes: { axes } }) =>
    fold(x!, axes, shape, -Infinity, (before, value) => Math.max(before, value)),
  // Elements that tie for the maximum share its cotangent equally.
  derivative: (g, node) => {
    const [x] = node.inputs;
    const { axes } = node.attributes;
    const ties = x!.eq(withAxes(node as Expr, x!, axes));
    const share = withAxes(g, x!, axes).div(ties.toFloat().sum(axes, true));
    return [where(ties, share, 0)];
  },
};

/** Matrix product of the last two axes; leading axes must be equal, or absent on one side. */
export const matmul: Rule<'matmul'> = {
  infer: (inputs) => {
    const dtype = sameDType('matmul', inputs, ['float']);
    const [a, b] = inputs.map((input) => input.shape);
    if (a!.length < 2 || b!.length < 2 || a!.at(-1) !== b!.at(-2)) throw new TraceError(`matmul of [${a}] and [${b}]`);
    const [leadA, leadB] = [a!.slice(0, -2), b!.slice(0, -2)];
    if (leadA.length > 0 && leadB.length > 0 && leadA.join() !== leadB.join())
      throw new TraceError(`matmul of [${a}] and [${b}]`);
    return { dtype, shape: [...(leadA.length > 0 ? leadA : leadB), a!.at(-2)!, b!.at(-1)!] };
  },
  evaluate: ([a, b], { shape }) => {
    const [rows, columns] = [shape.at(-2)!, shape.at(-1)!];
    const inner = a!.shape.at(-1)!;
    const lead = shape.slice(0, -2);
    const left = broadcast(a!, [...lead, rows, inner]).data;
    const right = broadcast(b!, [...lead, inner, columns]).data;
    const data = new Float64Array(sizeOf(shape));
    for (let block = 0; block < sizeOf(lead); block++)
      for (let r = 0; r < rows; r++)
        for (let c = 0; c < columns; c++) {
          let total = 0;
          for (let k = 0; k < inner; k++)
            total += left[(block * rows + r) * inner + k]! * right[(block * inner + k) * columns + c]!;
          data[(block * rows + r) * columns + c] = total;
        }
    return { shape, data };
  },
  // d(AB) = dA·B + A·dB; a side without leading axes sums over them.
  derivative: (g, { inputs: [a, b] }) => {
    const summedTo = (cotangent: Expr, operand: Expr) =>
      cotangent.rank === operand.rank
        ? cotangent
        : cotangent.sum(Array.from({ length: cotangent.rank - operand.rank }, (_, axis) => axis));
    return [summedTo(g.matmul(swapped(b!)), a!), summedTo(swapped(a!).matmul(g), b!)];
  },
};

function swapped(x: Expr): Expr {
  const axes = Array.from({ length: x.rank }, (_, axis) => axis);
  return x.transpose([...axes.slice(0, -2), x.rank - 1, x.rank - 2]);
}
