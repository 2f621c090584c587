import { TraceError } from '../errors.ts';
import { addDims, type Dim, mulDims, productOfDims, sizeOfDim } from '../graph/dim.ts';
import { concat as concatenate, type Expr, zeros } from '../graph/expr.ts';
import { allocate, broadcast, type NDArray, sizeOf, stridesTo, walk } from '../graph/ndarray.ts';
import { broadcastShapes, type DType, sameShape } from '../graph/type.ts';
import type { Rule } from './attributes.ts';

const dtypeOf = (array: NDArray): DType =>
  array.data instanceof Float64Array ? 'float' : array.data instanceof Int32Array ? 'int' : 'bool';

/** Sums a cotangent over the axes that its operand repeats, which are known before any data: they are literally 1 or absent. */
export function unbroadcast(cotangent: Expr, shape: readonly Dim[]): Expr {
  const extra = cotangent.rank - shape.length;
  const repeated = cotangent.shape.flatMap((dim, axis) =>
    axis < extra || (shape[axis - extra] === 1 && dim !== 1) ? [axis] : [],
  );
  if (repeated.length === 0) return cotangent.rank === shape.length ? cotangent : cotangent.reshape(shape);
  const summed = cotangent.sum(repeated, true);
  return sameShape(summed.shape, shape) ? summed : summed.reshape(shape);
}

export const reshape: Rule<'reshape'> = {
  infer: ([x], { shape }) => {
    if (productOfDims(x!.shape) !== productOfDims(shape))
      throw new TraceError(`reshape of [${x!.shape}] to [${shape}] changes the number of elements`);
    return { dtype: x!.dtype, shape };
  },
  evaluate: ([x], { shape }) => ({ shape, data: x!.data }),
  derivative: (g, { inputs: [x] }) => [g.reshape(x!.shape)],
};

export const broadcastTo: Rule<'broadcastTo'> = {
  infer: ([x], { shape }) => {
    if (!sameShape(broadcastShapes(x!.shape, shape), shape))
      throw new TraceError(`broadcastTo: [${x!.shape}] does not repeat to [${shape}]`);
    return { dtype: x!.dtype, shape };
  },
  evaluate: ([x], { shape }) => broadcast(x!, shape),
  derivative: (g, { inputs: [x] }) => [unbroadcast(g, x!.shape)],
};

export const transpose: Rule<'transpose'> = {
  infer: ([x], { permutation }) => {
    if (permutation.length !== x!.shape.length || new Set(permutation).size !== permutation.length)
      throw new TraceError(`transpose [${permutation}] of a value of rank ${x!.shape.length}`);
    return { dtype: x!.dtype, shape: permutation.map((axis) => x!.shape[axis]!) };
  },
  evaluate: ([x], { shape, attributes: { permutation } }) => {
    const data = allocate(dtypeOf(x!), sizeOf(shape));
    const strides = stridesTo(x!.shape, x!.shape);
    walk(
      shape,
      permutation.map((axis) => strides[axis]!),
      (position, offset) => {
        data[position] = x!.data[offset]!;
      },
    );
    return { shape, data };
  },
  derivative: (g, { attributes: { permutation } }) => [
    g.transpose(permutation.map((_, axis) => permutation.indexOf(axis))),
  ],
};

export const slice: Rule<'slice'> = {
  infer: ([x], { axis, start, end }) => ({
    dtype: x!.dtype,
    shape: x!.shape.map((dim, k) => (k === axis ? addDims(end, mulDims(-1, start)) : dim)),
  }),
  evaluate: ([x], { shape, sizes, attributes: { axis, start } }) => {
    const data = allocate(dtypeOf(x!), sizeOf(shape));
    const strides = stridesTo(x!.shape, x!.shape);
    walk(
      shape,
      strides,
      (position, offset) => {
        data[position] = x!.data[offset]!;
      },
      sizeOfDim(start, sizes) * strides[axis]!,
    );
    return { shape, data };
  },
  // The cotangent, with zeros where nothing was taken.
  derivative: (g, { inputs: [x], attributes: { axis, start, end } }) => {
    const pad = (length: Dim) =>
      zeros({ dtype: 'float', shape: x!.shape.map((dim, k) => (k === axis ? length : dim)) });
    const after = addDims(x!.shape[axis]!, mulDims(-1, end));
    const parts = [...(start === 0 ? [] : [pad(start)]), g, ...(after === 0 ? [] : [pad(after)])];
    return [parts.length === 1 ? g : concatenate(parts, axis)];
  },
};

export const reverse: Rule<'reverse'> = {
  infer: ([x]) => x!,
  evaluate: ([x], { shape, attributes: { axis } }) => {
    const data = allocate(dtypeOf(x!), sizeOf(shape));
    const strides = stridesTo(shape, shape);
    const step = strides[axis]!;
    walk(
      shape,
      strides.map((stride, k) => (k === axis ? -stride : stride)),
      (position, offset) => {
        data[position] = x!.data[offset]!;
      },
      step * (shape[axis]! - 1),
    );
    return { shape, data };
  },
  derivative: (g, { attributes: { axis } }) => [g.reverse(axis)],
};

export const concat: Rule<'concat'> = {
  infer: (inputs, { axis }) => {
    const [first, ...rest] = inputs;
    for (const other of rest)
      if (
        other.dtype !== first!.dtype ||
        other.shape.length !== first!.shape.length ||
        other.shape.some((dim, k) => k !== axis && dim !== first!.shape[k])
      )
        throw new TraceError(`concat along axis ${axis} of [${inputs.map((i) => i.shape.join(',')).join('], [')}]`);
    return {
      dtype: first!.dtype,
      shape: first!.shape.map((dim, k) => (k === axis ? inputs.map((i) => i.shape[axis]!).reduce(addDims) : dim)),
    };
  },
  evaluate: (inputs, { shape, attributes: { axis } }) => {
    const data = allocate(dtypeOf(inputs[0]!), sizeOf(shape));
    const inner = sizeOf(shape.slice(axis + 1));
    const outer = sizeOf(shape.slice(0, axis));
    let position = 0;
    for (let o = 0; o < outer; o++)
      for (const input of inputs) {
        const run = input.shape[axis]! * inner;
        data.set(input.data.subarray(o * run, (o + 1) * run) as never, position);
        position += run;
      }
    return { shape, data };
  },
  derivative: (g, { inputs, attributes: { axis } }) => {
    let start: Dim = 0;
    return inputs.map((input) => {
      const end = addDims(start, input.shape[axis]!);
      const part = input.type.dtype === 'float' ? g.slice(axis, start, end) : null;
      start = end;
      return part;
    });
  },
};
