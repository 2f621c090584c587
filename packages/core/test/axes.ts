import { checkInputs, isDifferentiable, type Loss, stridesTo, type Tensor, walk } from '../src/index.ts';
import type { Point } from './points.ts';

export type Tensors = Record<string, Tensor>;

/** Small numbers that depend on a seed. */
export function generator(seed: number): () => number {
  let state = (Math.abs(seed) % 2147483646) + 1;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

/** Entries of a tensor along an axis, in the order given; an entry may come twice or not at all. */
function take(tensor: Tensor, axis: number, order: readonly number[]): Tensor {
  const shape = tensor.shape.map((size, k) => (k === axis ? order.length : size));
  const strides = stridesTo(tensor.shape, tensor.shape);
  const data = new (tensor.data.constructor as Float64ArrayConstructor)(shape.reduce((a, b) => a * b, 1));
  const inner = strides[axis]!;
  walk(
    shape,
    strides.map((stride, k) => (k === axis ? 0 : stride)),
    (position, offset) => {
      const along = Math.floor(position / shape.slice(axis + 1).reduce((a, b) => a * b, 1)) % order.length;
      data[position] = tensor.data[offset + order[along]! * inner]!;
    },
  );
  return { dtype: tensor.dtype, shape, data };
}

/** Where each input of a loss has its batch. */
export function batchAxes(loss: Loss, inputs: Tensors): Map<string, number> {
  const { resolved } = checkInputs(loss, inputs);
  return new Map(
    resolved.flatMap(({ name, type }) => (type.shape.includes('N') ? [[name, type.shape.indexOf('N')] as const] : [])),
  );
}

/** The inputs with their batch in another order, or with only a part of it. */
export const rows = (loss: Loss, inputs: Tensors, order: readonly number[]): Tensors => {
  const axes = batchAxes(loss, inputs);
  return Object.fromEntries(
    Object.entries(inputs).map(([name, tensor]) => [
      name,
      axes.has(name) ? take(tensor, axes.get(name)!, order) : tensor,
    ]),
  );
};

/** A point with a batch of `times` as many examples, each number moved a little; labels, signs and probabilities stay legal. */
export function scattered(loss: Loss, { inputs }: Point, times: number, seed: number): Tensors {
  const random = generator(seed);
  const { tensors, resolved } = checkInputs(loss, inputs);
  const axes = batchAxes(loss, tensors);
  return Object.fromEntries(
    resolved.map(({ name, spec, type }) => {
      const axis = axes.get(name);
      const size = axis === undefined ? 0 : tensors[name]!.shape[axis]!;
      const tiled =
        axis === undefined
          ? tensors[name]!
          : take(
              tensors[name]!,
              axis,
              Array.from({ length: size * times }, (_, k) => k % size),
            );
      const moves = type.dtype === 'float' && isDifferentiable(spec);
      const data = moves ? Float64Array.from(tiled.data, (x) => x * (1 + 0.04 * (random() - 0.5))) : tiled.data;
      if (spec.kind === 'probability')
        data.forEach((x, k) => {
          data[k] = Math.min(Math.max(x, 0.01), 0.99);
        });
      return [name, { ...tiled, dtype: moves ? ('float64' as const) : tiled.dtype, data }];
    }),
  );
}
