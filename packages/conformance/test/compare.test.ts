import { compareOutput, type ExpectedTensor, formats, type OutputBound } from '@isoloss/conformance';
import { describe, expect, test } from 'vitest';

const expected = (value: number[], low = value.map(() => 0), sensitivity?: number[]): ExpectedTensor => ({
  shape: [value.length],
  value: Float64Array.from(value),
  low: Float64Array.from(low),
  sensitivity: sensitivity && Float64Array.from(sensitivity),
});
const bounds = (bound: number[], scale = 1): OutputBound => ({
  shape: [bound.length],
  value: new Float64Array(bound.length),
  bound: Float64Array.from(bound),
  scale,
});
const float32 = (...data: number[]) => ({
  dtype: 'float32' as const,
  shape: [data.length],
  data: Float32Array.from(data),
});
const float64 = (...data: number[]) => ({
  dtype: 'float64' as const,
  shape: [data.length],
  data: Float64Array.from(data),
});
const compare32 = (got: number, exact: number, bound: number) =>
  compareOutput('value', float32(got), expected([exact]), bounds([bound]), { dtype: 'float32' });

describe('one element', () => {
  test.each([
    ['itself', 1.5, 1.5, 0, true],
    ['within the bound', 1.5, 1.5 + 1e-7, 2e-7, true],
    ['beyond the bound', 1.5, 1.5 + 1e-6, 2e-7, false],
    ['a sign', -1, 1, 1e-6, false],
    ['−0 for 0', -0, 0, 0, true],
    ['NaN for NaN', NaN, NaN, 0, true],
    ['a number for NaN', 0, NaN, 1, false],
    ['NaN for a number', NaN, 1, 1, false],
    ['∞ for ∞', Infinity, Infinity, 0, true],
    ['−∞ for ∞', -Infinity, Infinity, 1, false],
    ['a large number for ∞', 3e38, Infinity, 1, false],
    ['∞ for a number', Infinity, 3e38, 1, false],
    ['∞ for what float32 has no room for', Infinity, 1e40, 0, true],
    ['a subnormal flushed', 0, 1e-39, 0, true],
    ['a small normal number lost', 0, 1e-37, 0, false],
    ['anything under a NaN bound', 1, 1.1, NaN, false],
    ['a match under a NaN bound', 1, 1, NaN, false],
  ])('%s', (_, got, exact, bound, passes) => {
    expect(compare32(got, exact, bound).passed).toBe(passes);
  });

  test('indeterminate passes, and is counted', () => {
    const result = compare32(Infinity, 1, Infinity);
    expect(result).toMatchObject({ passed: true, indeterminate: 1 });
  });

  test('ratio and ULP are of the error', () => {
    const { worst, worstUlp } = compare32(1 + 2 ** -23, 1, 2 ** -22);
    expect(worst!.ratio).toBeCloseTo(0.5, 5);
    expect(worstUlp!.ulp).toBe(1);
  });

  test('float64 is judged by the digits beyond it', () => {
    const exact = expected([1], [2 ** -54]);
    const judge = (bound: number) => compareOutput('value', float64(1), exact, bounds([bound]), { dtype: 'float64' });
    expect(judge(2 ** -54).passed).toBe(true);
    expect(judge(2 ** -55).passed).toBe(false);
  });
});

describe('the whole', () => {
  const two = expected([1, 2], [0, 0], [1, 2]);
  const options = { dtype: 'float32' as const };

  test.each([
    ['a missing output', undefined, /missing/],
    ['a wrong dtype', float64(1, 2), /is float64, not float32/],
    ['a wrong shape', float32(1, 2, 3), /shape \[3\], not \[2\]/],
    ['too few numbers', { ...float32(1), shape: [2] }, /holds 1 numbers/],
  ])('%s', (_, got, message) => {
    const result = compareOutput('value', got, two, bounds([0, 0]), options);
    expect(result.passed).toBe(false);
    expect(result.problem).toMatch(message);
  });

  test('names the elements that differ, and the worst', () => {
    const result = compareOutput('input', float32(1, 2.5), two, bounds([0.1, 0.1]), options);
    expect(result.failures.map(({ output, index }) => [output, index])).toEqual([['input', 1]]);
    expect(result.worst).toMatchObject({ index: 1, got: 2.5, exact: 2, passed: false });
    expect(result.worst!.ratio).toBeCloseTo(5, 5);
  });

  test('the grade conforming is normwise', () => {
    const { u } = formats.float32;
    const got = float32(1, 2 + 100 * u);
    const strict = compareOutput('value', got, two, bounds([u, u]), options);
    expect(strict).toMatchObject({ passed: false, reached: 'conforming' });
    expect(compareOutput('value', got, two, bounds([u, u]), { ...options, grade: 'conforming' }).passed).toBe(true);
    const far = float32(1, 2.001);
    expect(compareOutput('value', far, two, bounds([u, u]), { ...options, grade: 'conforming' }).passed).toBe(false);
  });
});
