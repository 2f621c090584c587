import type { DType } from './type.ts';

/** A dense row-major array of the reference interpreter: float64, int32, or bool as 0 and 1. */
export interface NDArray {
  readonly shape: readonly number[];
  readonly data: Float64Array | Int32Array | Uint8Array;
}

/** The number of elements of a shape. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

export function allocate(dtype: DType, size: number): Float64Array | Int32Array | Uint8Array {
  return dtype === 'float' ? new Float64Array(size) : dtype === 'int' ? new Int32Array(size) : new Uint8Array(size);
}

/** Row-major strides; an axis along which `shape` is broadcast to `target` has stride 0. */
export function stridesTo(shape: readonly number[], target: readonly number[]): number[] {
  const strides = new Array<number>(target.length).fill(0);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis]!;
    const at = axis + target.length - shape.length;
    strides[at] = size === 1 && target[at] !== 1 ? 0 : stride;
    stride *= size;
  }
  return strides;
}

/** Calls `visit(position, offset)` for each element of `shape` in row-major order; offset follows `strides` from `start`. */
export function walk(
  shape: readonly number[],
  strides: readonly number[],
  visit: (position: number, offset: number) => void,
  start = 0,
): void {
  const total = sizeOf(shape);
  const rank = shape.length;
  const counter = new Array<number>(rank).fill(0);
  let offset = start;
  for (let position = 0; position < total; position++) {
    visit(position, offset);
    for (let axis = rank - 1; axis >= 0; axis--) {
      offset += strides[axis]!;
      if (++counter[axis]! < shape[axis]!) break;
      offset -= strides[axis]! * shape[axis]!;
      counter[axis] = 0;
    }
  }
}

/** The array repeated to `shape` (right-aligned); the array itself where nothing repeats. */
export function broadcast(array: NDArray, shape: readonly number[]): NDArray {
  if (array.shape.length === shape.length && array.shape.every((size, axis) => size === shape[axis])) return array;
  const data = new (array.data.constructor as Float64ArrayConstructor)(sizeOf(shape));
  const source = array.data;
  if (source.length === 1) data.fill(source[0]!);
  else
    walk(shape, stridesTo(array.shape, shape), (position, offset) => {
      data[position] = source[offset]!;
    });
  return { shape, data };
}

/** `fn` of each element of equally broadcast arrays. */
export function elementwise(
  dtype: DType,
  shape: readonly number[],
  inputs: readonly NDArray[],
  fn: (a: number, b: number, c: number) => number,
): NDArray {
  const size = sizeOf(shape);
  const data = allocate(dtype, size);
  // A scalar stays a scalar: index 0 for every position.
  const arrays = inputs.map((input) => (input.data.length === 1 ? input : broadcast(input, shape)).data);
  const step = arrays.map((array) => (array.length === 1 ? 0 : 1));
  const [a, b, c] = [arrays[0]!, arrays[1] ?? arrays[0]!, arrays[2] ?? arrays[0]!];
  const [i, j, k] = [step[0]!, step[1] ?? 0, step[2] ?? 0];
  for (let n = 0; n < size; n++) data[n] = fn(a[n * i]!, b[n * j]!, c[n * k]!);
  return { shape, data };
}

/** Splits a shape at an axis: `outer` blocks of `length` entries that are `inner` apart. */
export function lines(shape: readonly number[], axis: number): { outer: number; length: number; inner: number } {
  return { outer: sizeOf(shape.slice(0, axis)), length: shape[axis]!, inner: sizeOf(shape.slice(axis + 1)) };
}

/** Calls `visit(start, stride, length)` for every line of `shape` along `axis`. */
export function eachLine(
  shape: readonly number[],
  axis: number,
  visit: (start: number, stride: number, length: number) => void,
): void {
  const { outer, length, inner } = lines(shape, axis);
  for (let o = 0; o < outer; o++) for (let i = 0; i < inner; i++) visit(o * length * inner + i, inner, length);
}
