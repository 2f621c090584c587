import { isTensorDType, LossInputError, type Tensor, type TensorDType, toTensor } from '@isoloss/core';

/** A number as JSON writes it: strings stand for what JSON has no number for. */
export type NumberJSON = number | 'NaN' | 'Infinity' | '-Infinity' | '-0';

/** A tensor as vectors and the line protocol write it: row-major, flat. */
export interface TensorJSON {
  readonly dtype: TensorDType;
  readonly shape: readonly number[];
  readonly data: readonly (NumberJSON | boolean)[];
}

const named: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
  '-0': -0,
};

/** The number that JSON stands for; undefined if it stands for none. */
export function numberFromJSON(entry: unknown): number | undefined {
  if (typeof entry === 'number') return entry;
  return typeof entry === 'string' && Object.hasOwn(named, entry) ? named[entry] : undefined;
}

export const numberToJSON = (value: number): NumberJSON =>
  Object.is(value, -0) ? '-0' : Number.isFinite(value) ? value : (String(value) as 'NaN' | 'Infinity' | '-Infinity');

/**
 * A tensor from its JSON form. `float32` data are rounded to float32.
 * @throws LossInputError BAD_TENSOR: not such an object, data of the wrong length, an entry that is no number, a fraction
 * or too large a number in an int32. BAD_DTYPE: a dtype that doesn't exist.
 */
export function tensorFromJSON(json: unknown, name = 'tensor'): Tensor {
  const bad = (message: string, index?: number) =>
    new LossInputError(
      'BAD_TENSOR',
      `${name}${index === undefined ? '' : `[${index}]`}: ${message}`,
      index === undefined ? { input: name } : { input: name, index },
    );
  if (json === null || typeof json !== 'object' || Array.isArray(json))
    throw bad('is not an object { dtype, shape, data }');
  const { dtype, shape, data } = json as { dtype?: unknown; shape?: unknown; data?: unknown };
  if (dtype === undefined) throw bad('has no dtype');
  if (!isTensorDType(dtype))
    throw new LossInputError('BAD_DTYPE', `${name}: there is no dtype ${JSON.stringify(dtype)}`, { input: name });
  if (!Array.isArray(shape)) throw bad('has no shape: a list of sizes');
  if (!Array.isArray(data)) throw bad('has no data: a flat list of numbers');
  const numbers = data.map((entry: unknown, index) => {
    const number = numberFromJSON(typeof entry === 'boolean' && dtype === 'bool' ? Number(entry) : entry);
    if (number === undefined) throw bad(`${JSON.stringify(entry)} is not a number`, index);
    return number;
  });
  return toTensor({ dtype, shape: shape as number[], data: numbers }, dtype, name);
}

/** The JSON form of a tensor, in shortest decimals that read back as the same numbers of its dtype. */
export function tensorToJSON({ dtype, shape, data }: Tensor): TensorJSON {
  return {
    dtype,
    shape: [...shape],
    data: Array.from(data as ArrayLike<number>, (value) =>
      dtype === 'bool' ? value === 1 : numberToJSON(dtype === 'float32' ? shortestFloat32(value) : value),
    ),
  };
}

/** The number with the fewest decimal digits that rounds to the same float32. */
function shortestFloat32(value: number): number {
  if (!Number.isFinite(value) || value === 0) return value;
  for (let digits = 1; digits <= 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return value;
}
