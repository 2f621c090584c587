import { LossInputError, tensorFromJSON } from '@isoloss/core';
import type { FileArray } from './array.ts';
import { badFile } from './errors.ts';

const named: ReadonlyMap<string, number> = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
  ['-0', -0],
]);

const kinds = { float32: 'float32', float64: 'float64', int32: 'int', bool: 'bool' } as const;

/** As deep as a tensor may be. */
const maxDepth = 32;

/**
 * Reads nested arrays of numbers, or a tensor `{ dtype, shape, data }` as vectors have it. NaN and Infinity may stand
 * bare, as Python's json module writes them, or as strings.
 * @throws LossInputError BAD_FILE if it is no JSON, BAD_TENSOR if it is no tensor
 */
export function readJSON(text: string, file: string, input: string): FileArray {
  let value: unknown;
  try {
    value = JSON.parse(
      text.replace(/"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/g, (token) => (token[0] === '"' ? token : `"${token}"`)),
    );
  } catch (error) {
    throw badFile(file, `is no JSON: ${(error as Error).message}`, input);
  }
  if (value !== null && typeof value === 'object' && !Array.isArray(value)) {
    const typed = Object.hasOwn(value, 'dtype');
    const { shape, data, dtype } = tensorFromJSON(typed ? value : { dtype: 'float64', ...value }, input);
    return { shape, data, kind: typed ? kinds[dtype] : 'number' };
  }
  return flatten(value, input);
}

function flatten(value: unknown, input: string): FileArray {
  const bad = (message: string) => new LossInputError('BAD_TENSOR', `${input}: ${message}`, { input });
  const shape: number[] = [];
  for (let at = value; Array.isArray(at); at = at[0]) {
    if (shape.length === maxDepth) throw bad(`is nested more than ${maxDepth} deep`);
    shape.push(at.length);
  }
  const data: number[] = [];
  let bools = true;
  const visit = (entry: unknown, axis: number): void => {
    if (axis < shape.length) {
      if (!Array.isArray(entry) || entry.length !== shape[axis])
        throw bad(`is ragged: its rows differ in length along axis ${axis}`);
      for (const inner of entry) visit(inner, axis + 1);
      return;
    }
    if (Array.isArray(entry)) throw bad('is ragged: its rows differ in depth');
    const number = typeof entry === 'string' ? named.get(entry) : entry;
    if (typeof number !== 'number' && typeof number !== 'boolean')
      throw new LossInputError('BAD_TENSOR', `${input}[${data.length}] is not a number`, { input, index: data.length });
    bools &&= typeof number === 'boolean';
    data.push(Number(number));
  };
  visit(value, 0);
  return { shape, data, kind: bools && data.length > 0 ? 'bool' : 'number' };
}
