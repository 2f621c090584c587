import { LossInputError } from './errors.ts';
import { sizeOf } from './graph/ndarray.ts';
import { isTensorDType, type Tensor, toTensor } from './tensor.ts';

/** The names that JSON writes as strings for what it has no number for. */
export type NumberJSON = number | 'NaN' | 'Infinity' | '-Infinity' | '-0';

/** A tensor as vectors and the line protocol write it: row-major and flat. */
export interface TensorJSON {
  readonly dtype: Tensor['dtype'];
  readonly shape: readonly number[];
  readonly data: readonly (NumberJSON | boolean)[];
}

const named: ReadonlyMap<unknown, number> = new Map<unknown, number>([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
  ['-0', -0],
]);

/** As many axes as numpy had for most of its life; far more than any runtime takes. */
const maxRank = 32;

/**
 * Beside an axis of size 0 no data says how large the others may be, but results have them: a mean over the empty axis
 * of [0, 1e9] is 1e9 numbers. More than this is a mistake or an attack.
 */
const maxEmpty = 2 ** 24;

/** The number that JSON stands for; undefined if it stands for none. */
export const numberFromJSON = (entry: unknown): number | undefined =>
  typeof entry === 'number' ? entry : named.get(entry);

/** A number as JSON can write it. */
export const numberToJSON = (value: number): NumberJSON =>
  Object.is(value, -0) ? '-0' : Number.isFinite(value) ? value : (String(value) as NumberJSON);

/**
 * A tensor from untrusted JSON; float32 data are rounded to float32.
 * @throws LossInputError BAD_TENSOR: not the three fields, a shape that is none, data of the wrong length or that are not
 * numbers, a fraction or too large a number in an int32; BAD_DTYPE: a dtype that doesn't exist
 */
export function tensorFromJSON(value: unknown, name = 'tensor'): Tensor {
  const bad = (message: string) => new LossInputError('BAD_TENSOR', `${name}: ${message}`, { input: name });
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw bad('is not an object { dtype, shape, data }');
  const { dtype, shape, data } = value as Record<string, unknown>;
  if (typeof dtype !== 'string') throw bad('has no dtype');
  if (!isTensorDType(dtype))
    throw new LossInputError('BAD_DTYPE', `${name}: its dtype is none of float32, float64, int32, bool`, {
      input: name,
    });
  if (!Array.isArray(shape) || !shape.every((size) => Number.isSafeInteger(size) && size >= 0))
    throw bad('its shape is not a list of sizes');
  if (shape.length > maxRank) throw bad(`has ${shape.length} axes; at most ${maxRank} are taken`);
  if (!Array.isArray(data)) throw bad('its data is not a list of numbers');
  if (shape.includes(0) && sizeOf(shape.filter((size) => size > 0)) > maxEmpty)
    throw bad(`is empty, and the other sizes of [${shape.join(', ')}] multiply to more than ${maxEmpty}`);
  const numbers = data.some((entry) => typeof entry === 'string')
    ? data.map((entry) => named.get(entry) ?? entry)
    : data;
  const kind = dtype === 'bool' ? 'bool' : 'number';
  const wrong = numbers.findIndex((entry) => typeof entry !== 'number' && !(dtype === 'bool' && entry === !!entry));
  if (wrong >= 0)
    throw new LossInputError('BAD_TENSOR', `${name}[${wrong}]: is not a ${kind}`, { input: name, index: wrong });
  return toTensor({ dtype, shape, data: numbers as number[] }, dtype, name);
}

/** A tensor as plain data for `JSON.stringify`. */
export function tensorToJSON({ dtype, shape, data }: Tensor): TensorJSON {
  const values: ArrayLike<number> = data;
  return {
    dtype,
    shape: [...shape],
    data: dtype === 'bool' ? Array.from(values, (entry) => entry === 1) : Array.from(values, numberToJSON),
  };
}
