import { describe, expect, test } from 'vitest';
import { arcFace, crossEntropy, evaluate, PartialMean } from '../src/index.ts';
import { codeOf, numbers } from './helpers.ts';

const input = [
  [1, 2, 3],
  [0.5, -1, 0.2],
  [0, 4, 0],
];
const target = [2, 0, 1];

describe('PartialMean', () => {
  test('is the mean over all parts, where the mean of means is not', () => {
    const options = { ignoreIndex: -100 };
    const parts = [
      { input: input.slice(0, 1), target: target.slice(0, 1) },
      { input: input.slice(1), target: target.slice(1) },
    ];
    const mean = new PartialMean();
    for (const part of parts) mean.add(evaluate(crossEntropy({ ...options, reduction: 'partial' }), part));
    const whole = evaluate(crossEntropy(options), { input, target }).value.data[0]!;
    const means = parts.map((part) => evaluate(crossEntropy(options), part).value.data[0]!);
    expect(mean.value).toBeCloseTo(whole, 14);
    expect((means[0]! + means[1]!) / 2).not.toBeCloseTo(whole, 2);
    expect([mean.parts, mean.normalizer]).toEqual([2, 3]);
    expect(mean.numerator / 3).toBe(mean.value);
  });

  test('takes the value as any runtime gives it, and keeps no array of the caller', () => {
    const slopes = Float32Array.of(1, 2);
    const mean = new PartialMean();
    mean.add({ value: Float32Array.of(3, 2), gradients: { w: slopes } });
    slopes.fill(100);
    mean.add({ value: [1, 2], gradients: { w: [3, 2] } });
    expect(mean.value).toBe(1);
    expect(mean.gradients).toEqual({ w: { dtype: 'float64', shape: [2], data: Float64Array.of(1, 1) } });
    mean.gradients.w!.data.fill(7);
    expect(numbers(mean.gradients.w!)).toEqual([1, 1]);
  });

  test('of nothing is NaN with gradient 0, as the mean of an empty batch', () => {
    expect(new PartialMean().value).toBeNaN();
    const ignored = evaluate(
      crossEntropy({ ignoreIndex: -100, reduction: 'partial' }),
      { input, target: [-100, -100, -100] },
      { gradients: ['input'] },
    );
    const mean = new PartialMean().add(ignored);
    expect(mean.value).toBeNaN();
    expect(numbers(mean.gradients.input!)).toEqual(new Array(9).fill(0));
  });

  test('merges, in any grouping, and resumes from JSON', () => {
    const parts = [1, 2, 3, 4].map((k) => ({ value: [k, k * k], gradients: { w: [[k, -k]] } }));
    const whole = new PartialMean();
    for (const part of parts) whole.add(part);
    const [first, second] = [new PartialMean(), new PartialMean()];
    first.add(parts[0]!);
    second.add(parts[1]!).add(parts[2]!);
    const merged = new PartialMean().merge(first).merge(new PartialMean()).merge(second);
    const resumed = PartialMean.fromJSON(JSON.parse(JSON.stringify(merged))).add(parts[3]!);
    expect(resumed.toJSON()).toEqual(whole.toJSON());
    expect(second.value).toBe(5 / 13);
    expect(merged.parts).toBe(3);
    expect(PartialMean.fromJSON(new PartialMean().toJSON()).add(parts[0]!).value).toBe(1);
  });

  test('a part that is not finite shows, also after JSON', () => {
    const mean = new PartialMean().add({ value: [Number.POSITIVE_INFINITY, 2] });
    expect(PartialMean.fromJSON(JSON.parse(JSON.stringify(mean))).value).toBe(Number.POSITIVE_INFINITY);
    expect(mean.add({ value: [Number.NaN, 1] }).value).toBeNaN();
  });

  test('refuses what is no part like the others, and stays as it was', () => {
    const mean = new PartialMean().add({ value: [3, 2], gradients: { w: [1, 2] } });
    const code = (value: number | number[], gradients?: Record<string, number[]>) =>
      codeOf(() => mean.add(gradients === undefined ? { value } : { value, gradients }));
    expect(code(1.5, { w: [1, 2] })).toBe('SHAPE_MISMATCH');
    expect(code([1, 2, 3], { w: [1, 2] })).toBe('SHAPE_MISMATCH');
    expect(code([1, 2], { w: [1, 2, 3] })).toBe('SHAPE_MISMATCH');
    expect(code([1, 2])).toBe('MISSING_INPUT');
    expect(code([1, 2], { w: [1, 2], b: [0] })).toBe('UNKNOWN_INPUT');
    expect(codeOf(() => mean.merge(new PartialMean().add({ value: [1, 2] })))).toBe('MISSING_INPUT');
    expect(() => mean.add(evaluate(crossEntropy(), { input, target }))).toThrow(
      "value has shape [] where partial sums have [2]: use reduction 'partial'",
    );
    expect(mean.toJSON()).toMatchObject({ parts: 1, numerator: 3, normalizer: 2 });
    const state = mean.toJSON();
    expect(codeOf(() => PartialMean.fromJSON({ ...state, numerator: 'x' as 'NaN' }))).toBe('BAD_TENSOR');
    expect(codeOf(() => PartialMean.fromJSON({ ...state, parts: -1 }))).toBe('BAD_TENSOR');
  });

  test('parameters that all parts share: their gradient is that of the mean', () => {
    const prototypes = [
      [1, 0.5],
      [-0.2, 1],
    ];
    const features = [
      [0.6, 0.8],
      [1, 0.1],
      [-1, 2],
    ];
    const request = { gradients: ['prototypes'] };
    const whole = evaluate(arcFace(), { input: features, prototypes, target: [0, 1, 1] }, request);
    const mean = new PartialMean();
    for (const [from, to] of [
      [0, 1],
      [1, 3],
    ])
      mean.add(
        evaluate(
          arcFace({ reduction: 'partial' }),
          { input: features.slice(from, to), prototypes, target: [0, 1, 1].slice(from, to) },
          request,
        ),
      );
    expect(mean.value).toBeCloseTo(whole.value.data[0]!, 13);
    for (const [k, slope] of numbers(mean.gradients.prototypes!).entries())
      expect(slope).toBeCloseTo(whole.gradients.prototypes!.data[k]!, 13);
  });
});
