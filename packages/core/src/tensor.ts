import { LossInputError } from './errors.ts';
import { sizeOf } from './graph/ndarray.ts';

/** The dtypes to compute in. */
export type FloatDType = 'float32' | 'float64';
/** The dtypes of tensors: floats to compute in, labels and lengths, masks. */
export type TensorDType = 'float32' | 'float64' | 'int32' | 'bool';

/** A dense row-major array with its dtype: what goes into a loss and comes out of it. bool data are 0 and 1. */
export interface Tensor {
  readonly dtype: TensorDType;
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array | Int32Array | Uint8Array;
}

/** What callers may hand in where a tensor is meant: a tensor, a number, nested arrays, a typed array (one axis). */
export type TensorLike =
  | Tensor
  | {
      readonly dtype?: TensorDType;
      readonly shape: readonly number[];
      readonly data: ArrayLike<number> | ArrayLike<bigint> | ArrayLike<boolean>;
    }
  | number
  | boolean
  | ArrayBufferView
  | NestedArray;
/** Numbers in arrays in arrays, all rows of a level of one length. */
export type NestedArray = readonly (number | bigint | boolean | NestedArray | ArrayBufferView)[];

const arrays = { float32: Float32Array, float64: Float64Array, int32: Int32Array, bool: Uint8Array } as const;

/** Whether it is the name of a dtype. */
export const isTensorDType = (dtype: unknown): dtype is TensorDType =>
  typeof dtype === 'string' && Object.hasOwn(arrays, dtype);

/** Data of a dtype, from numbers; the numbers are rounded to it. */
export function typedArray(dtype: TensorDType, data: ArrayLike<number>): Tensor['data'] {
  return data instanceof arrays[dtype] ? data : arrays[dtype].from(data);
}

function dtypeOfArray(data: unknown): TensorDType | undefined {
  if (data instanceof Float32Array) return 'float32';
  if (data instanceof Float64Array) return 'float64';
  if (data instanceof Int32Array || data instanceof BigInt64Array || data instanceof BigUint64Array) return 'int32';
  return undefined;
}

/**
 * A tensor of whatever the caller handed in; `fallback` is the dtype of plain numbers.
 * @throws LossInputError BAD_TENSOR: ragged nesting, data of the wrong length, a fraction or too large a number in an int32.
 */
export function toTensor(value: TensorLike, fallback: TensorDType, name = 'tensor'): Tensor {
  if (typeof value === 'number' || typeof value === 'boolean') return fromFlat([Number(value)], [], fallback, name);
  if (ArrayBuffer.isView(value)) {
    const data = value as unknown as ArrayLike<number>;
    return fromFlat(data, [data.length], dtypeOfArray(value) ?? fallback, name);
  }
  if (Array.isArray(value)) return fromNested(value as NestedArray, fallback, name);
  if (value !== null && typeof value === 'object' && 'data' in value && 'shape' in value) {
    const { shape, data } = value;
    const dtype = value.dtype ?? dtypeOfArray(data) ?? fallback;
    if (!isTensorDType(dtype))
      throw bad(name, `dtype ${JSON.stringify(dtype)} is none of ${Object.keys(arrays).join(', ')}`);
    const tensor = fromFlat(data as ArrayLike<number>, shape, dtype, name);
    // The caller's own object where it is a tensor already: its data may be a view that moves when a memory grows.
    return value.dtype === dtype && tensor.data === data ? (value as Tensor) : tensor;
  }
  throw bad(name, 'is neither a number, nested arrays, a typed array nor { dtype, shape, data }');
}

function fromNested(value: NestedArray, fallback: TensorDType, name: string): Tensor {
  const shape: number[] = [];
  let at: unknown = value;
  let dtype = fallback;
  while (Array.isArray(at) || ArrayBuffer.isView(at)) {
    dtype = dtypeOfArray(at) ?? dtype;
    const length = (at as unknown as ArrayLike<unknown>).length;
    shape.push(length);
    at = length === 0 ? undefined : (at as unknown as ArrayLike<unknown>)[0];
  }
  const flat: number[] = [];
  const visit = (entry: unknown, axis: number): void => {
    if (axis === shape.length) {
      if (typeof entry !== 'number' && typeof entry !== 'bigint' && typeof entry !== 'boolean')
        throw bad(name, 'is ragged: its rows differ in depth');
      flat.push(Number(entry));
      return;
    }
    const row = entry as ArrayLike<unknown>;
    if (!(Array.isArray(entry) || ArrayBuffer.isView(entry)) || row.length !== shape[axis])
      throw bad(name, `is ragged: its rows differ in length along axis ${axis}`);
    for (let k = 0; k < row.length; k++) visit(row[k], axis + 1);
  };
  visit(value, 0);
  return fromFlat(flat, shape, dtype, name);
}

function fromFlat(
  data: ArrayLike<number | bigint | boolean>,
  shape: readonly number[],
  dtype: TensorDType,
  name: string,
): Tensor {
  if (!Array.isArray(shape) || !shape.every((size) => Number.isInteger(size) && size >= 0))
    throw bad(name, `shape ${JSON.stringify(shape)} is not a list of sizes`);
  if (data === null || typeof data !== 'object' || typeof data.length !== 'number')
    throw bad(name, 'data is not a list of numbers');
  const size = sizeOf(shape);
  if (data.length !== size)
    throw bad(name, `holds ${data.length} numbers where shape [${shape.join(', ')}] needs ${size}`);
  if (data instanceof arrays[dtype] && dtype !== 'bool') return { dtype, shape, data };
  const result = new arrays[dtype](size);
  for (let k = 0; k < size; k++) {
    const entry = data[k]!;
    const number = Number(entry);
    if (dtype === 'int32' && (!Number.isInteger(number) || Math.abs(number) > 0x80000000 || number === 0x80000000))
      throw bad(name, `${String(entry)} is not an int32`, k);
    if (dtype === 'bool' && number !== 0 && number !== 1) throw bad(name, `${String(entry)} is not a bool`, k);
    if (typeof entry !== 'number' && typeof entry !== 'bigint' && typeof entry !== 'boolean')
      throw bad(name, `${JSON.stringify(entry)} is not a number`, k);
    result[k] = number;
  }
  return { dtype, shape, data: result };
}

const bad = (name: string, message: string, index?: number): LossInputError =>
  new LossInputError(
    'BAD_TENSOR',
    `${name}${index === undefined ? '' : `[${index}]`}: ${message}`,
    index === undefined ? { input: name } : { input: name, index },
  );

/** Nested arrays of a tensor, for people to read; a scalar is its number. */
export function toNested({ shape, data, dtype }: Tensor): number | boolean | NestedArray {
  const value = (k: number) => (dtype === 'bool' ? data[k] === 1 : data[k]!);
  const build = (axis: number, offset: number, size: number): number | boolean | NestedArray => {
    if (axis === shape.length) return value(offset);
    const inner = size / Math.max(shape[axis]!, 1);
    return Array.from({ length: shape[axis]! }, (_, k) => build(axis + 1, offset + k * inner, inner)) as NestedArray;
  };
  return build(0, 0, sizeOf(shape));
}
