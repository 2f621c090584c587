import { TraceError } from '../errors.ts';
import { sizeOfDim } from '../graph/dim.ts';
import { allocate, eachLine, type NDArray, sizeOf } from '../graph/ndarray.ts';
import { formatType, type TensorType } from '../graph/type.ts';
import type { Op, Rule } from './attributes.ts';
import { sameDType } from './elementwise.ts';

export const size: Rule<'size'> = {
  infer: () => ({ dtype: 'int', shape: [] }),
  evaluate: (_, { sizes, attributes: { dim } }) => ({ shape: [], data: Int32Array.of(sizeOfDim(dim, sizes)) }),
  derivative: () => [],
};

export const iota: Rule<'iota'> = {
  infer: (_, { dim }) => ({ dtype: 'int', shape: [dim] }),
  evaluate: (_, { shape }) => ({ shape, data: Int32Array.from({ length: shape[0]! }, (_, k) => k) }),
  derivative: () => [],
};

function indexed(op: Op, [x, index]: readonly TensorType[], axis: number): void {
  if (
    index!.dtype !== 'int' ||
    index!.shape.length !== x!.shape.length ||
    index!.shape.some((dim, k) => k !== axis && dim !== x!.shape[k])
  )
    throw new TraceError(`${op} along axis ${axis} of ${formatType(x!)} by ${formatType(index!)}`);
}

/** Calls `visit(here, there)` for each index entry: its own flat position, and the one it names along `axis` of `shape`. */
function eachIndex(
  index: NDArray,
  shape: readonly number[],
  axis: number,
  visit: (here: number, there: number) => void,
): void {
  const [inner, own, other] = [sizeOf(shape.slice(axis + 1)), index.shape[axis]!, shape[axis]!];
  eachLine(index.shape, axis, (start, stride, length) => {
    const block = own === 0 ? 0 : Math.floor(start / (own * inner));
    const base = block * other * inner + (start % inner);
    for (let k = 0; k < length; k++) {
      const at = index.data[start + k * stride]!;
      if (at < 0 || at >= other) throw new RangeError(`index ${at} along an axis of size ${other}`);
      visit(start + k * stride, base + at * inner);
    }
  });
}

export const gather: Rule<'gather'> = {
  infer: (inputs, { axis }) => {
    indexed('gather', inputs, axis);
    return { dtype: inputs[0]!.dtype, shape: inputs[1]!.shape };
  },
  evaluate: ([x, index], { shape, attributes: { axis } }) => {
    const data = allocate(x!.data instanceof Int32Array ? 'int' : 'float', sizeOf(shape));
    eachIndex(index!, x!.shape, axis, (here, there) => {
      data[here] = x!.data[there]!;
    });
    return { shape, data };
  },
  derivative: (g, { inputs: [x, index], attributes: { axis } }) => [
    x!.type.dtype === 'float' ? g.scatterAdd(index!, axis, x!.shape[axis]!) : null,
    null,
  ],
};

export const scatterAdd: Rule<'scatterAdd'> = {
  infer: (inputs, { axis, size }) => {
    indexed('scatterAdd', inputs, axis);
    sameDType('scatterAdd', [inputs[0]!], ['float']);
    return { dtype: 'float', shape: inputs[0]!.shape.map((dim, k) => (k === axis ? size : dim)) };
  },
  evaluate: ([x, index], { shape, attributes: { axis } }) => {
    const data = new Float64Array(sizeOf(shape));
    eachIndex(index!, shape, axis, (here, there) => {
      data[there]! += x!.data[here]!;
    });
    return { shape, data };
  },
  derivative: (g, { inputs: [, index], attributes: { axis } }) => [g.gather(index!, axis), null],
};

/** Ascending and stable; NaN last. */
export const argsort: Rule<'argsort'> = {
  infer: (inputs) => {
    sameDType('argsort', inputs, ['float']);
    return { dtype: 'int', shape: inputs[0]!.shape };
  },
  evaluate: ([x], { shape, attributes: { axis } }) => {
    const data = new Int32Array(sizeOf(shape));
    eachLine(shape, axis, (start, stride, length) => {
      const at = (k: number) => x!.data[start + k * stride]!;
      const order = Array.from({ length }, (_, k) => k).sort((a, b) => {
        const [p, q] = [at(a), at(b)];
        return p < q ? -1 : p > q ? 1 : Number(Number.isNaN(p)) - Number(Number.isNaN(q)) || a - b;
      });
      order.forEach((k, position) => {
        data[start + position * stride] = k;
      });
    });
    return { shape, data };
  },
  derivative: () => [null],
};

export const cumsum: Rule<'cumsum'> = {
  infer: (inputs) => {
    sameDType('cumsum', inputs, ['float']);
    return inputs[0]!;
  },
  evaluate: ([x], { shape, attributes: { axis, exclusive, reverse } }) => {
    const data = new Float64Array(sizeOf(shape));
    eachLine(shape, axis, (start, stride, length) => {
      let total = 0;
      for (let k = 0; k < length; k++) {
        const at = start + (reverse ? length - 1 - k : k) * stride;
        data[at] = exclusive ? total : total + x!.data[at]!;
        total += x!.data[at]!;
      }
    });
    return { shape, data };
  },
  // Every later partial sum contains the element: the same sum, run backwards.
  derivative: (g, { attributes: { axis, exclusive, reverse } }) => [g.cumsum(axis, { exclusive, reverse: !reverse })],
};

/** An input is a leaf: the interpreter is given its value. */
export const input: Rule<'input'> = {
  infer: (_, { type }) => type,
  evaluate: (_, { attributes: { name } }) => {
    throw new Error(`the input ${name} was not given`);
  },
  derivative: () => [],
};
