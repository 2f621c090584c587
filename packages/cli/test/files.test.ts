import { huber } from '@isoloss/core';
import { describe, expect, it } from 'vitest';
import { readCSV } from '../src/files/csv.ts';
import { fitInputs } from '../src/files/fit.ts';
import { readJSON } from '../src/files/json.ts';
import { readNpy, writeNpy } from '../src/files/npy.ts';
import { formatNumber, toJSON } from '../src/output.ts';
import { largestUlps } from '../src/ulps.ts';
import { npy } from './npy.ts';

const read = (bytes: Buffer) => readNpy(bytes, 'x.npy', 'input');
const bytesOf = (array: ArrayBufferView) => Buffer.from(array.buffer, array.byteOffset, array.byteLength);
const bad = (message: RegExp) => expect.objectContaining({ code: 'BAD_FILE', message: expect.stringMatching(message) });

describe('.npy', () => {
  it.each([
    ['<f2', Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7c00, 0xfc00), [1, -2, 2 ** -24, Infinity, -Infinity]],
    ['<f4', Float32Array.of(0.1, -0, Number.NaN), [Math.fround(0.1), -0, Number.NaN]],
    ['<f8', Float64Array.of(0.1, 5e-324), [0.1, 5e-324]],
    ['|i1', Int8Array.of(-1, 127), [-1, 127]],
    ['<i2', Int16Array.of(-1, 300), [-1, 300]],
    ['<i4', Int32Array.of(-1, 7), [-1, 7]],
    ['<i8', BigInt64Array.of(-1n, 2n ** 40n), [-1n, 2n ** 40n]],
    ['|u1', Uint8Array.of(0, 255), [0, 255]],
    ['<u2', Uint16Array.of(65535), [65535]],
    ['<u4', Uint32Array.of(2 ** 32 - 1), [2 ** 32 - 1]],
    ['<u8', BigUint64Array.of(2n ** 64n - 1n), [2n ** 64n - 1n]],
    ['|b1', Uint8Array.of(1, 0), [1, 0]],
  ])('reads %s', (descr, array, numbers) => {
    const { shape, data } = read(npy(descr, `(${array.length},)`, bytesOf(array)));
    expect(shape).toEqual([array.length]);
    expect([...(data as Float64Array)]).toEqual(numbers);
  });

  it('reads the other byte order', () => {
    const swapped = bytesOf(Float64Array.of(1, 2)).swap64();
    expect([...(read(npy('>f8', '(2,)', swapped)).data as Float64Array)]).toEqual([1, 2]);
    const labels = bytesOf(Int32Array.of(258)).swap32();
    expect([...(read(npy('>i4', '(1,)', labels)).data as Float64Array)]).toEqual([258]);
  });

  it('reads Fortran order, scalars, empty arrays, and versions 2 and 3', () => {
    const columns = Float32Array.of(0, 3, 1, 4, 2, 5);
    expect([...(read(npy('<f4', '(2, 3)', bytesOf(columns), { fortran: true })).data as Float32Array)]).toEqual([
      0, 1, 2, 3, 4, 5,
    ]);
    const cube = Float32Array.from({ length: 24 }, (_, k) => k);
    const rowMajor = read(npy('<f4', '(2, 3, 4)', bytesOf(cube), { fortran: true })).data as Float32Array;
    expect(rowMajor[1 * 12 + 2 * 4 + 3]).toBe(1 + 2 * 2 + 3 * 6);
    expect(read(npy('<f4', '()', bytesOf(Float32Array.of(7)))).shape).toEqual([]);
    expect(read(npy('<f4', '(0, 3)', Buffer.alloc(0)))).toMatchObject({ shape: [0, 3] });
    expect(read(npy('<f4', '(1,)', bytesOf(Float32Array.of(7)), { version: 2 })).shape).toEqual([1]);
    expect(read(npy('<f4', '(1,)', bytesOf(Float32Array.of(7)), { version: 3 })).shape).toEqual([1]);
  });

  it('says of a file cut short anywhere that it is', () => {
    const whole = npy('<f4', '(3, 2)', bytesOf(new Float32Array(6)));
    expect(read(whole).shape).toEqual([3, 2]);
    for (let length = 0; length < whole.length; length++)
      expect(() => read(whole.subarray(0, length)), `cut to ${length}`).toThrow(
        bad(length === 0 ? /is empty/ : length < 6 ? /no \.npy file|cut short/ : /is cut short/),
      );
    expect(() => read(whole.subarray(0, whole.length - 5))).toThrow(
      bad(/takes 24 bytes, and 19 are there: it ends in element 4/),
    );
  });

  it.each([
    ['more data than its shape', npy('<f4', '(1,)', Buffer.alloc(8)), /goes on for 4 bytes/],
    ['objects', npy('|O', '(1,)', Buffer.alloc(8)), /elements of type \|O/],
    ['complex numbers', npy('<c8', '(1,)', Buffer.alloc(8)), /elements of type <c8/],
    ['text', npy('<U3', '(1,)', Buffer.alloc(12)), /elements of type <U3/],
    ['a type that JavaScript has', npy('constructor', '(1,)', Buffer.alloc(8)), /elements of type constructor/],
    ['another file', Buffer.from('PK\x03\x04 an npz'), /no \.npy file/],
    ['a later version', Buffer.from('\x93NUMPY\x09\x00\x00\x00', 'latin1'), /version 9/],
    ['a shape of text', npy('<f4', "('a',)", Buffer.alloc(4)), /with the shape/],
    ['a size below 0', npy('<f4', '(-1,)', Buffer.alloc(4)), /with the shape/],
    ['sizes beyond all memory', npy('<f4', '(1000000000, 1000000000)', Buffer.alloc(4)), /cut short/],
    ['a 2 as a bool', npy('|b1', '(2,)', Buffer.from([1, 2])), /the byte 2 as a bool, in element 1/],
    ['a header that is none', Buffer.from('\x93NUMPY\x01\x00\x04\x00what', 'latin1'), /without descr/],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => read(bytes)).toThrow(bad(message));
  });

  it('writes what it reads', () => {
    for (const [dtype, data, shape] of [
      ['float32', Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3]],
      ['float64', Float64Array.of(0.1), []],
      ['int32', Int32Array.of(-3), [1]],
      ['bool', Uint8Array.of(1, 0), [2]],
    ] as const) {
      const bytes = writeNpy({ dtype, shape, data });
      expect(read(bytes)).toMatchObject({ shape, data });
      expect((bytes.length - data.byteLength) % 64).toBe(0);
    }
  });
});

describe('.csv', () => {
  const csv = (text: string) => readCSV(text, 'x.csv', 'input');
  it('reads a column as a vector and a table as a matrix, with or without a header', () => {
    expect(csv('1\n2\n3\n')).toMatchObject({ shape: [3], data: Float64Array.of(1, 2, 3) });
    expect(csv('a,b\r\n1,2\r\n3,4')).toMatchObject({ shape: [2, 2], data: Float64Array.of(1, 2, 3, 4) });
    expect(csv('\uFEFF# numpy.savetxt\n1.0e+00 nan\n-inf 2\n').data).toEqual(
      Float64Array.of(1, Number.NaN, -Infinity, 2),
    );
    expect(csv('1;2\n"3";4').shape).toEqual([2, 2]);
    expect(csv('1\t2').shape).toEqual([1, 2]);
  });

  it.each([
    ['', /is empty/],
    ['a,b\n', /no numbers/],
    ['1,2\n3', /line 2 has 1 columns/],
    ['1,2\n\n3,x', /line 3, column 2: "x" is not a number/],
    ['1,2\n3,', /line 2, column 2/],
    ['1\n0x10', /line 2, column 1/],
  ])('refuses %j', (text, message) => {
    expect(() => csv(text)).toThrow(bad(message));
  });
});

describe('.json', () => {
  const json = (text: string) => readJSON(text, 'x.json', 'input');
  it('reads nested arrays, scalars, tensors, and what Python writes for NaN', () => {
    expect(json('[[1, 2], [3, 4]]')).toMatchObject({ shape: [2, 2], data: [1, 2, 3, 4], kind: 'number' });
    expect(json('[NaN, -Infinity, "Infinity", "-0"]').data).toEqual([Number.NaN, -Infinity, Infinity, -0]);
    expect(json('7').shape).toEqual([]);
    expect(json('[[], []]').shape).toEqual([2, 0]);
    expect(json('[true, false]').kind).toBe('bool');
    expect(json('{"dtype":"int32","shape":[1],"data":[3]}')).toMatchObject({ kind: 'int', shape: [1] });
    expect(json('{"shape":[1],"data":[3]}')).toMatchObject({ kind: 'number', shape: [1] });
  });

  it.each([
    ['[1, 2', 'BAD_FILE'],
    ['', 'BAD_FILE'],
    ['[[1, 2], [3]]', 'BAD_TENSOR'],
    ['[1, [2]]', 'BAD_TENSOR'],
    ['["NaN", "x"]', 'BAD_TENSOR'],
    ['[null]', 'BAD_TENSOR'],
    [`${'['.repeat(100_000)}${']'.repeat(100_000)}`, 'BAD_TENSOR'],
    ['{"dtype":"float16","shape":[],"data":[1]}', 'BAD_DTYPE'],
    ['{"a": 1}', 'BAD_TENSOR'],
  ])('refuses %.40s', (text, code) => {
    expect(() => json(text)).toThrow(expect.objectContaining({ code, input: 'input' }));
  });
});

describe('numbers', () => {
  it('become what the loss takes where nothing is lost', () => {
    const whole = { shape: [2], data: BigInt64Array.of(1n, 0n), kind: 'int' } as const;
    const text = { shape: [2], data: [1, 0], kind: 'number' } as const;
    const real = { shape: [2], data: Float32Array.of(1, 0), kind: 'float32' } as const;
    expect(fitInputs(huber(), { input: real, target: whole, mask: text }, 'float64')).toMatchObject({
      input: { dtype: 'float32' },
      target: { dtype: 'float64', data: Float64Array.of(1, 0) },
      mask: { dtype: 'bool' },
    });
    expect(() => fitInputs(huber(), { input: real, target: whole, mask: real }, 'float64')).toThrow(
      expect.objectContaining({ code: 'BAD_DTYPE', input: 'mask' }),
    );
  });

  it('are printed as short as they can be', () => {
    expect(formatNumber(Math.fround(0.1), 'float32')).toBe('0.1');
    expect(formatNumber(Math.fround(1e-7), 'float32')).toBe('1e-7');
    expect(formatNumber(0.1, 'float64')).toBe('0.1');
    expect(formatNumber(-0, 'float32')).toBe('-0');
    expect(toJSON({ a: [Number.NaN, -0, Infinity, 1.5] })).toBe('{"a":["NaN","-0","Infinity",1.5]}');
  });

  it('are so many units of the last place apart', () => {
    const one = { dtype: 'float32', shape: [3], data: Float32Array.of(1, -0, Number.NaN) } as const;
    const other = { dtype: 'float32', shape: [3], data: Float32Array.of(1 + 2 ** -22, 0, Number.NaN) } as const;
    expect(largestUlps(one, other)).toBe(2);
    const tiny = (x: number) => ({ dtype: 'float64', shape: [], data: Float64Array.of(x) }) as const;
    expect(largestUlps(tiny(-5e-324), tiny(5e-324))).toBe(2);
    expect(largestUlps(tiny(Number.NaN), tiny(1))).toBe(Infinity);
  });
});
