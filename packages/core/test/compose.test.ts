import { describe, expect, test } from 'vitest';
import {
  check,
  checkInputs,
  combine,
  crossEntropy,
  ctc,
  dice,
  evaluate,
  hardest,
  type Loss,
  type LossInputs,
  l1,
  l2Penalty,
  lossFromJSON,
  lowered,
  nll,
  outputsOf,
  penalties,
  sigmoidFocal,
  trace,
} from '../src/index.ts';
import { codeOf, numbers } from './helpers.ts';
import { points } from './points.ts';

const floatsOf = (loss: Loss, given: LossInputs): string[] =>
  checkInputs(loss, given)
    .resolved.filter(({ type, spec }) => type.dtype === 'float' && spec.kind !== 'sign' && spec.kind !== 'binary')
    .map(({ name }) => name);

describe('combine', () => {
  const given = { input: [[[2, -1, 0.5]], [[0.1, 0.2, 0.3]]], target: [[[1, 0, 1]], [[0, 1, 0]]] };

  test('is the weighted sum, in value and gradients, with shared inputs', () => {
    const parts = [dice({ activation: 'sigmoid' }), sigmoidFocal()];
    const both = evaluate(combine({ region: [0.5, parts[0]!], pixels: [2, parts[1]!] }), given, {
      gradients: ['input', 'target'],
    });
    const [a, b] = parts.map((loss) => evaluate(loss, given, { gradients: ['input', 'target'] }));
    expect(numbers(both.value)[0]).toBeCloseTo(0.5 * numbers(a!.value)[0]! + 2 * numbers(b!.value)[0]!, 14);
    for (const name of ['input', 'target']) {
      numbers(both.gradients[name]!).forEach((g, k) => {
        expect(g).toBeCloseTo(0.5 * numbers(a!.gradients[name]!)[k]! + 2 * numbers(b!.gradients[name]!)[k]!, 14);
      });
    }
  });

  test('shares a target in the form that all parts take: one-hot, where one takes labels, too', () => {
    const parts = { region: dice({ activation: 'softmax' }), pixels: crossEntropy() };
    const { region, pixels } = parts;
    const sum = numbers(evaluate(region, given).value)[0]! + numbers(evaluate(pixels, given).value)[0]!;
    for (const loss of [combine(parts), combine({ pixels, region }), combine({ pixels: [1, pixels], region })]) {
      const { value, gradients } = evaluate(loss, given, { gradients: ['input', 'target'] });
      expect(numbers(value)[0]).toBeCloseTo(sum, 14);
      expect(Object.keys(gradients)).toEqual(['input', 'target']);
    }
    expect(codeOf(() => evaluate(combine(parts), { ...given, target: [[0], [0]] }))).toBe('RANK_MISMATCH');
    // Labels, if all take them.
    const both = combine({ a: crossEntropy(), b: crossEntropy({ labelSmoothing: 0.1 }) });
    expect(codeOf(() => evaluate(both, { input: [[1, 2]], target: [2] }))).toBe('LABEL_OUT_OF_RANGE');
    expect(numbers(evaluate(both, { input: [[1, 2]], target: [1] }).value)[0]).toBeGreaterThan(0);
  });

  test('keeps inputs apart by names of their own', () => {
    const loss = combine({ a: [1, l1()], b: [3, l1(), { input: 'other', target: 'otherTarget' }] });
    const { value, gradients } = evaluate(
      loss,
      { input: [1], target: [0], other: [[2, 2]], otherTarget: [[0, 1]] },
      { gradients: ['other'] },
    );
    expect(numbers(value)).toEqual([1 + 3 * 1.5]);
    expect(numbers(gradients.other!)).toEqual([1.5, 1.5]);
  });

  test('checks what its parts check', () => {
    const loss = combine({ labels: [1, crossEntropy()], speech: [1, ctc()] });
    const noBlank = combine({ labels: [1, crossEntropy()], speech: [1, ctc({ blank: 3 })] });
    const speech = { logProbs: [[[-1, -1]]], targets: [[1]], inputLengths: [1], targetLengths: [1] };
    expect(codeOf(() => evaluate(loss, { input: [[1, 2]], target: [2], ...speech }))).toBe('LABEL_OUT_OF_RANGE');
    expect(codeOf(() => evaluate(noBlank, { input: [[1, 2]], target: [1], ...speech }))).toBe('BAD_OPTION');
    expect(codeOf(() => evaluate(loss, { input: [[1, 2]], target: [1] }))).toBe('MISSING_INPUT');
    expect(codeOf(() => evaluate(loss, { input: [[1, 2]], target: [1], ...speech, strange: 1 }))).toBe('UNKNOWN_INPUT');
    expect(
      codeOf(() => evaluate(combine({ a: [1, l1()], b: [1, dice()] }), { ...given, target: [[[1]], [[1]]] })),
    ).toBe('SHAPE_MISMATCH');
  });

  test('refuses what can’t be one loss', () => {
    expect(codeOf(() => combine({}))).toBe('BAD_OPTION');
    expect(codeOf(() => combine({ a: [1, l1({ reduction: 'none' })] }))).toBe('BAD_OPTION');
    expect(() => combine({ a: [1, l1()], b: [1, nll()] })).toThrow(/target is float in one part and index in another/);
    expect(codeOf(() => combine({ a: [1, l1(), { strange: 'x' }] }))).toBe('UNKNOWN_INPUT');
    for (const part of [undefined, [l1()], [Number.NaN, l1()], [1], 'l1', l1])
      expect(() => combine({ a: part as never })).toThrow('combine: a must be a loss, or [weight, loss]');
  });

  test('penalties sum over tensors', () => {
    const { value, gradients } = evaluate(
      penalties(l2Penalty({ strength: 1 }), ['kernel', 'bias']),
      { kernel: [[1, 2]], bias: [3] },
      { gradients: ['bias'] },
    );
    expect([...numbers(value), ...numbers(gradients.bias!)]).toEqual([14, 6]);
  });

  test('serialises', () => {
    expect(JSON.parse(JSON.stringify(combine({ a: [0.5, l1()] })))).toEqual({
      id: 'combine',
      options: { parts: { a: { weight: 0.5, loss: { id: 'l1', options: { reduction: 'mean' } } } }, reduction: 'mean' },
    });
  });
});

describe('hardest', () => {
  const rows = {
    input: [
      [1, 2, 3],
      [0.5, -1, 0.2],
      [0, 0, 5],
      [0, 0, 1],
    ],
    target: [2, 0, 0, 1],
  };

  test.each([
    [{ count: 2 }, 2],
    [{ fraction: 0.5 }, 2],
    [{ fraction: 0.6 }, 3],
    [{ count: 9 }, 4],
  ] as const)('%o keeps the largest %i', (keep, kept) => {
    const all = numbers(evaluate(crossEntropy({ reduction: 'none' }), rows).value).sort((a, b) => b - a);
    const expected = all.slice(0, kept).reduce((a, b) => a + b, 0) / kept;
    const { value, gradients } = evaluate(hardest(crossEntropy(), keep), rows, { gradients: ['input'] });
    expect(numbers(value)[0]).toBeCloseTo(expected, 14);
    const touched = [0, 1, 2, 3].filter((n) =>
      numbers(gradients.input!)
        .slice(3 * n, 3 * n + 3)
        .some((g) => g !== 0),
    );
    expect(touched.length).toBe(kept);
  });

  test('refuses nonsense', () => {
    for (const keep of [{ fraction: 0 }, { fraction: 2 }, { count: 0.5 }, { count: Number.NaN }])
      expect(codeOf(() => hardest(l1(), keep))).toBe('BAD_OPTION');
  });
});

describe('every loss', () => {
  const cases = Object.entries(points).flatMap(([id, list]) =>
    list.map((point, k) => [`${id} ${k}`, id, point] as const),
  );

  test.each(cases)('%s: alone in combine it is itself, and its hardest are at least its mean', (_, id, point) => {
    const { reduction: _reduction, ...options } = point.options ?? {};
    const loss = lossFromJSON(id, options);
    const wrapped = combine({ only: [1, loss] });
    const wrt = floatsOf(loss, point.inputs).filter(
      () => loss.definition.notDifferentiable(loss.options) === undefined,
    );
    const [plain, combined] = [loss, wrapped].map((one) => evaluate(one, point.inputs, { gradients: wrt }));
    for (const [k, v] of numbers(plain!.value).entries()) expect(numbers(combined!.value)[k]).toBeCloseTo(v, 12);
    for (const name of wrt)
      for (const [k, g] of numbers(plain!.gradients[name]!).entries())
        expect(numbers(combined!.gradients[name]!)[k]).toBeCloseTo(g, 11);
    const program = trace(wrapped, {
      signature: checkInputs(wrapped, point.inputs).signature,
      gradients: wrt,
      guard: true,
    });
    check(outputsOf(program));
    check(outputsOf(lowered(program)));
    const none = numbers(evaluate(lossFromJSON(id, { ...options, reduction: 'none' }), point.inputs).value);
    const worst = numbers(evaluate(hardest(loss, { count: 1 }), point.inputs).value)[0]!;
    expect(worst).toBeCloseTo(Math.max(...none), 12);
  });
});
