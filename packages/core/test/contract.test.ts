import { describe, expect, test } from 'vitest';
import {
  arcFace,
  bceWithLogits,
  check,
  createRunner,
  crossEntropy,
  ctc,
  defineLoss,
  errorCodes,
  evaluate,
  findLoss,
  huber,
  inputs,
  klDiv,
  type LossInputError,
  type LossInputs,
  l1,
  lossFromJSON,
  makeLoss,
  mse,
  nll,
  options as optionHelpers,
  outputsOf,
  print,
  referenceBackend,
  sigmoidFocal,
  smoothL1,
  trace,
  tripletMargin,
  UnsupportedError,
  wasserstein1d,
} from '../src/index.ts';
import { codeOf, numbers } from './helpers.ts';

describe('a loss', () => {
  test('is frozen, comparable and serialisable', () => {
    const loss = huber({ delta: 2 });
    expect(Object.isFrozen(loss) && Object.isFrozen(loss.options)).toBe(true);
    expect(loss.key).toBe(huber({ delta: 2, reduction: 'mean' }).key);
    expect(loss.key).not.toBe(huber().key);
    expect(JSON.parse(JSON.stringify(loss))).toEqual({ id: 'huber', options: { delta: 2, reduction: 'mean' } });
    expect(lossFromJSON('huber', JSON.parse(JSON.stringify(loss)).options).key).toBe(loss.key);
  });

  test('is found by id, alias and kebab-case, and the nearest name is offered', () => {
    for (const name of ['crossEntropy', 'cross-entropy', 'softmaxLoss', 'softmax-loss'])
      expect(findLoss(name).id).toBe('crossEntropy');
    expect(findLoss('smooth-l1').id).toBe('smoothL1');
    expect(() => findLoss('hubber')).toThrow(/did you mean huber/);
    for (const name of ['__proto__', 'constructor', '']) expect(codeOf(() => findLoss(name))).toBe('UNKNOWN_LOSS');
  });

  test.each<[string, () => unknown, RegExp]>([
    ['out of range', () => huber({ delta: -1 }), /huber: delta must be a number > 0, not -1/],
    ['not a number', () => huber({ delta: Number.NaN }), /delta must be a number > 0, not NaN/],
    ['infinite', () => huber({ delta: Infinity }), /delta must be a number > 0, not Infinity/],
    ['unknown', () => lossFromJSON('huber', { sigma: 1 }), /no option sigma; it has delta, reduction/],
    ['inherited', () => lossFromJSON('huber', JSON.parse('{"__proto__": 1}')), /no option __proto__/],
    ['deprecated', () => lossFromJSON('mse', { size_average: true }), /deprecated spelling; use reduction/],
    [
      'another reduction',
      () => lossFromJSON('mse', { reduction: 'batchmean' }),
      /"none", "mean", "sum", "partial", not "batchmean"/,
    ],
    ['null where it can’t be switched off', () => lossFromJSON('huber', { delta: null }), /not null/],
    ['options that are no object', () => lossFromJSON('huber', 3 as never), /options are an object/],
    [
      'weights without normalized',
      () => evaluate(wasserstein1d(), { input: [1], target: [2], inputWeight: [1] }),
      /normalized: true/,
    ],
    [
      'a blank that is no class',
      () => evaluate(ctc({ blank: 9 }), { logProbs: [[0]], targets: [0], inputLengths: 1, targetLengths: 1 }),
      /blank 9/,
    ],
  ])('refuses an option: %s', (_, action, message) => {
    expect(action).toThrow(message);
    expect(codeOf(action)).toBe('BAD_OPTION');
  });

  test('takes Infinity where it is legal, as a number or as JSON has it', () => {
    expect(tripletMargin({ p: Infinity }).key).toBe(lossFromJSON('tripletMargin', { p: 'Infinity' }).key);
  });
});

describe('bad input', () => {
  const run =
    (loss: ReturnType<typeof mse>, given: LossInputs, gradients: string[] = []) =>
    () =>
      evaluate(loss, given, { gradients });
  test.each<[string, string, () => unknown]>([
    ['MISSING_INPUT', 'no target', run(mse(), { input: [1] })],
    ['UNKNOWN_INPUT', 'a stranger', run(mse(), { input: [1], target: [1], foo: 1 })],
    ['BAD_TENSOR', 'ragged rows', run(mse(), { input: [[1, 2], [3]], target: [1] })],
    [
      'BAD_TENSOR',
      'data of another length',
      run(mse(), { input: { dtype: 'float32', shape: [3], data: [1] }, target: [1] }),
    ],
    [
      'BAD_TENSOR',
      'a fraction as a label',
      run(crossEntropy(), { input: [[1, 2]], target: { dtype: 'int32', shape: [1], data: [0.5] } }),
    ],
    [
      'BAD_DTYPE',
      'float labels',
      run(crossEntropy(), { input: [[1, 2]], target: { dtype: 'float32', shape: [1], data: [0] } }),
    ],
    ['BAD_DTYPE', 'labels for a number', run(mse(), { input: Int32Array.of(1), target: [1] })],
    ['BAD_DTYPE', 'a mask of numbers', run(mse(), { input: [1], target: [1], mask: Float32Array.of(1) })],
    ['RANK_MISMATCH', 'ranks that differ', run(mse(), { input: [[1, 2]], target: [1, 2] })],
    ['RANK_MISMATCH', 'a weight of more axes', run(mse(), { input: [1, 2], target: [1, 2], weight: [[1, 2]] })],
    [
      'RANK_MISMATCH',
      'a class axis that is not there',
      run(crossEntropy({ classAxis: 3 }), { input: [[1, 2]], target: [0] }),
    ],
    [
      'RANK_MISMATCH',
      'batched beside unbatched',
      run(ctc(), { logProbs: [[0]], targets: [[0]], inputLengths: [1], targetLengths: [1] }),
    ],
    ['SHAPE_MISMATCH', 'sizes that differ', run(mse(), { input: [1, 2], target: [1, 2, 3] })],
    ['SHAPE_MISMATCH', 'a size of 1 that nothing says repeats', run(mse(), { input: [1, 2], target: [1] })],
    [
      'SHAPE_MISMATCH',
      'class weights of another length',
      run(crossEntropy(), { input: [[1, 2]], target: [0], weight: [1, 2, 3] }),
    ],
    ['SHAPE_MISMATCH', 'an assignment of n to m points', run(wasserstein1d(), { input: [1, 2], target: [1] })],
    ['LABEL_OUT_OF_RANGE', 'a label of C', run(crossEntropy(), { input: [[1, 2]], target: [2] })],
    ['LABEL_OUT_OF_RANGE', 'a negative label', run(nll({ ignoreIndex: null }), { input: [[1, 2]], target: [-100] })],
    [
      'LENGTH_OUT_OF_RANGE',
      'a length beyond T',
      run(ctc(), { logProbs: [[0]], targets: [0], inputLengths: 2, targetLengths: 1 }),
    ],
    ['VALUE_OUT_OF_DOMAIN', 'a probability of 2', run(lossFromJSON('bce'), { input: [2], target: [1] })],
    [
      'VALUE_OUT_OF_DOMAIN',
      'a probability that is NaN',
      run(lossFromJSON('bce'), { input: [Number.NaN], target: [1] }),
    ],
    ['NOT_DIFFERENTIABLE', 'labels', run(crossEntropy(), { input: [[1, 2]], target: [0] }, ['target'])],
    ['NOT_DIFFERENTIABLE', 'a mask', run(mse(), { input: [1], target: [1], mask: [true] }, ['mask'])],
    ['UNKNOWN_INPUT', 'a gradient of nothing', run(mse(), { input: [1], target: [1] }, ['foo'])],
    ['MISSING_INPUT', 'a gradient of what is not given', run(mse(), { input: [1], target: [1] }, ['weight'])],
  ])('%s: %s', (code, _, action) => {
    expect(errorCodes).toContain(code);
    expect(codeOf(action)).toBe(code);
  });

  test('says where', () => {
    try {
      evaluate(crossEntropy(), {
        input: [
          [
            [1, 2],
            [3, 4],
          ],
          [
            [1, 2],
            [3, 4],
          ],
        ],
        target: [
          [0, 1],
          [0, 5],
        ],
      });
    } catch (error) {
      expect((error as LossInputError).toJSON()).toEqual({
        code: 'LABEL_OUT_OF_RANGE',
        message: 'target[1, 1] = 5 is not in [0, 2)',
        input: 'target',
        index: 3,
      });
    }
  });
});

describe('conventions', () => {
  const nan = Number.NaN;

  test('a mean of nothing is NaN with gradient 0, a sum is 0', () => {
    const rows = {
      input: [
        [nan, 1],
        [2, 3],
      ],
      target: [-100, -100],
      weight: [1, 2],
    };
    const { value, gradients } = evaluate(crossEntropy(), rows, { gradients: ['input', 'weight'] });
    expect(numbers(value)).toEqual([nan]);
    expect([...numbers(gradients.input!), ...numbers(gradients.weight!)].map((g) => g + 0)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(numbers(evaluate(crossEntropy({ reduction: 'sum' }), rows).value)).toEqual([0]);
    expect(numbers(evaluate(mse(), { input: new Float32Array(), target: new Float32Array() }).value)).toEqual([nan]);
    const faces = evaluate(
      arcFace(),
      { input: { shape: [0, 2], data: new Float32Array() }, prototypes: [[1, 0]], target: new Int32Array() },
      { gradients: ['prototypes'] },
    );
    expect(numbers(faces.gradients.prototypes!)).toEqual([0, 0]);
  });

  test('a masked element does not exist, also where it is NaN or infinite', () => {
    for (const loss of [l1(), mse(), smoothL1(), huber()]) {
      const { value, gradients } = evaluate(
        loss,
        { input: [nan, 3, Infinity], target: [1, 1, Infinity], mask: [false, true, false] },
        { gradients: ['input', 'target'] },
      );
      const alone = evaluate(loss, { input: [3], target: [1] }, { gradients: ['input'] });
      expect(numbers(value)).toEqual(numbers(alone.value));
      expect(numbers(gradients.input!)).toEqual([0, numbers(alone.gradients.input!)[0], 0]);
    }
    const padded = evaluate(
      ctc(),
      {
        logProbs: [
          [
            [nan, nan],
            [-1, -1],
          ],
        ],
        targets: [[9], [1]],
        inputLengths: [1, 1],
        targetLengths: [1, 1],
        mask: [false, true],
      },
      { gradients: ['logProbs'] },
    );
    expect(numbers(padded.value)).toEqual([1]);
    expect(numbers(padded.gradients.logProbs!)).toEqual([0, 0, 0, -1]);
  });

  test('weights and masks broadcast from the right', () => {
    const given = {
      input: [
        [1, 2],
        [3, 4],
      ],
      target: [
        [0, 0],
        [0, 0],
      ],
    };
    const run = (more: LossInputs) => numbers(evaluate(l1({ reduction: 'none' }), { ...given, ...more }).value);
    expect(run({ weight: [1, 10] })).toEqual([1, 20, 3, 40]);
    expect(run({ weight: [[1], [10]] })).toEqual([1, 2, 30, 40]);
    expect(run({ weight: 2 })).toEqual([2, 4, 6, 8]);
    expect(run({ mask: [[true], [false]] })).toEqual([1, 2, 0, 0]);
    expect(numbers(evaluate(l1(), { ...given, weight: [1, 10] }).value)).toEqual([(1 + 20 + 3 + 40) / 22]);
    expect(numbers(evaluate(bceWithLogits(), { input: [0, 0], target: [1, 1], weight: [1, 3] }).value)[0]).toBeCloseTo(
      (4 * Math.LN2) / 2,
      15,
    );
  });

  test('an illegal label in a guarded graph spoils its own row alone', () => {
    const loss = crossEntropy({ reduction: 'none' });
    const program = trace(loss, {
      signature: { input: { rank: 2 }, target: { rank: 1 } },
      gradients: ['input'],
      guard: true,
    });
    check(outputsOf(program));
    expect(print({ value: program.value })).toMatch(/NaN/);
  });

  test('plain numbers are labels or probabilities as their rank has it', () => {
    const logits = [[1, 2, 3]];
    expect(numbers(evaluate(crossEntropy(), { input: logits, target: [2] }).value)).toEqual(
      numbers(evaluate(crossEntropy(), { input: logits, target: [[0, 0, 1]] }).value),
    );
  });

  test('extremes stay finite where the exact value is', () => {
    const { value, gradients } = evaluate(
      sigmoidFocal({ reduction: 'none' }),
      { input: [700, -700, 1e4, -1e4], target: [1, 1, 0, 0] },
      { gradients: ['input', 'target'] },
    );
    for (const x of [...numbers(value), ...numbers(gradients.input!), ...numbers(gradients.target!)])
      expect(Number.isFinite(x)).toBe(true);
    expect(
      numbers(
        evaluate(klDiv({ reduction: 'none' }), { input: [-Infinity, -1], target: [0, 1] }, { gradients: ['input'] })
          .value,
      ),
    ).toEqual([0, 1]);
  });
});

describe('the backend contract', () => {
  test('one compilation serves all sizes of its ranks, and refuses others', async () => {
    const backend = referenceBackend();
    const compiled = await backend.compile(mse({ reduction: 'none' }), {
      dtype: 'float32',
      signature: { input: { rank: 1 }, target: { rank: 1 } },
      gradients: ['input'],
    });
    for (const n of [0, 1, 5])
      expect(
        (await compiled.run({ input: new Float32Array(n).fill(2), target: new Float32Array(n) })).value.shape,
      ).toEqual([n]);
    await expect(compiled.run({ input: [[1]], target: [[1]] })).rejects.toThrow(UnsupportedError);
  });

  test('upstream weights the gradient', async () => {
    const compiled = await referenceBackend().compile(mse({ reduction: 'none' }), {
      dtype: 'float64',
      signature: { input: { rank: 1 }, target: { rank: 1 } },
      gradients: ['input'],
      upstream: true,
    });
    const { gradients } = await compiled.run({ input: [1, 2], target: [0, 0], upstream: [10, 100] });
    expect(numbers(gradients.input!)).toEqual([20, 400]);
    await expect(compiled.run({ input: [1], target: [1] })).rejects.toThrow(/upstream/);
    await expect(compiled.run({ input: [1], target: [1], upstream: [1, 2] })).rejects.toThrow(/shape \[2\]/);
  });

  test('a loss of one’s own has every right', async () => {
    const { float, index, mask, weight } = inputs;
    const logCosh = defineLoss({
      id: 'myLogCosh',
      inputs: { input: float('...'), target: float('...'), weight: weight('...', 'weights'), mask: mask('...') },
      formula: ({ input, target }) => {
        const e = input.sub(target).abs();
        return e.add(e.mul(-2).softplus()).sub(Math.LN2);
      },
    });
    const runner = createRunner(referenceBackend());
    const result = await runner.run(
      logCosh(),
      { input: [1, 100, 3], target: [0, 0, 0], mask: [true, true, false] },
      { dtype: 'float64', gradients: ['input'] },
    );
    expect(numbers(result.value)[0]).toBeCloseTo((Math.log(Math.cosh(1)) + 100 - Math.LN2) / 2, 12);
    expect(numbers(result.gradients.input!)[0]).toBeCloseTo(Math.tanh(1) / 2, 12);
    const picky = defineLoss({
      id: 'picky',
      inputs: { input: float('N C'), target: index('N', { below: 'C' }) },
      options: { classAxis: optionHelpers.classAxis() },
      separable: false,
      formula: ({ input, target }) => input.pick(target, 1),
    });
    expect(codeOf(() => picky({ reduction: 'partial' }))).toBe('BAD_OPTION');
    expect(makeLoss(picky.definition, {}).id).toBe('picky');
    runner.dispose();
  });
});
