import { describe, expect, it } from 'vitest';
import { tensorFromJSON, tensorToJSON } from '../src/index.ts';

describe('tensors in JSON', () => {
  it('come back as they were, what JSON has no number for too', () => {
    const json = {
      dtype: 'float64',
      shape: [2, 3],
      data: [0.1, 'NaN', 'Infinity', '-Infinity', '-0', 5e-324],
    } as const;
    const tensor = tensorFromJSON(json);
    expect([...tensor.data]).toEqual([0.1, Number.NaN, Infinity, -Infinity, -0, 5e-324]);
    expect(JSON.parse(JSON.stringify(tensorToJSON(tensor)))).toEqual(json);
  });

  it('round float32 data to float32 and take bools as booleans or 0 and 1', () => {
    expect(tensorFromJSON({ dtype: 'float32', shape: [], data: [0.1] }).data[0]).toBe(Math.fround(0.1));
    const mask = tensorFromJSON({ dtype: 'bool', shape: [3], data: [true, 0, 1] });
    expect(tensorToJSON(mask).data).toEqual([true, false, true]);
    expect(tensorFromJSON({ dtype: 'float32', shape: [0, 3], data: [] }).shape).toEqual([0, 3]);
  });

  it.each([
    ['null', null],
    ['a list', [1, 2]],
    ['no dtype', { shape: [], data: [1] }],
    ['no shape', { dtype: 'float32', data: [1] }],
    ['a size below 0', { dtype: 'float32', shape: [-1], data: [] }],
    ['a fraction of a size', { dtype: 'float32', shape: [1.5], data: [1] }],
    ['sizes that overflow', { dtype: 'float32', shape: [1e9, 1e9], data: [] }],
    ['sizes that overflow beside 0', { dtype: 'float32', shape: [0, 1e9], data: [] }],
    ['too many axes', { dtype: 'float32', shape: new Array(1000).fill(1), data: [1] }],
    ['too few numbers', { dtype: 'float32', shape: [3], data: [1, 2] }],
    ['data that are no list', { dtype: 'float32', shape: [1], data: { 0: 1, length: 1 } }],
    ['a number as text', { dtype: 'float32', shape: [1], data: ['1'] }],
    ['null for a number', { dtype: 'float32', shape: [1], data: [null] }],
    ['nesting', { dtype: 'float32', shape: [1], data: [[1]] }],
    ['a fraction in an int32', { dtype: 'int32', shape: [1], data: [0.5] }],
    ['too large an int32', { dtype: 'int32', shape: [1], data: [2 ** 31] }],
    ['NaN in an int32', { dtype: 'int32', shape: [1], data: ['NaN'] }],
    ['2 as a bool', { dtype: 'bool', shape: [1], data: [2] }],
  ])('refuse %s', (_, json) => {
    expect(() => tensorFromJSON(json, 'input')).toThrow(
      expect.objectContaining({ code: 'BAD_TENSOR', input: 'input' }),
    );
  });

  it.each(['float16', 'constructor', '__proto__'])('refuse the dtype %s', (dtype) => {
    expect(() => tensorFromJSON({ dtype, shape: [], data: [1] }, 'input')).toThrow(
      expect.objectContaining({ code: 'BAD_DTYPE', input: 'input' }),
    );
  });
});
