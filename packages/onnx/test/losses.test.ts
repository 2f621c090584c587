import {
  catalogue,
  createRunner,
  defineLoss,
  evaluate,
  type FloatDType,
  inputs as kinds,
  type Loss,
  type LossInputs,
  type LossResult,
  type Tensor,
} from '@isoloss/core';
import { afterAll, describe, expect, test } from 'vitest';
import { pointSamples } from '../../tfjs/test/points.ts';
import { onnxBackend } from '../src/index.ts';
import { constants, labels, logProbabilities, numbers, samples } from './samples.ts';

const backend = onnxBackend({ threads: 1 });
const runner = createRunner(backend);
afterAll(() => backend.dispose());

/** A coarse comparison: what the tolerance of each number is, the conformance suite derives. */
function expectClose(got: Tensor, expected: Tensor, dtype: FloatDType): void {
  expect(got.dtype).toBe(dtype);
  expect(got.shape).toEqual(expected.shape);
  const unit = dtype === 'float32' ? 1e-5 : 1e-13;
  const scale = Math.max(0, ...Array.from(expected.data, Math.abs).filter(Number.isFinite));
  expected.data.forEach((value, k) => {
    const other = got.data[k]!;
    if (Object.is(value, other) || value === other) return;
    if (!(Math.abs(value - other) <= unit * (Math.abs(value) + 0.1 * scale + (value === 0 ? 1e-3 : 0))))
      expect.fail(`element ${k} is ${other}, not ${value}`);
  });
}

async function compare(loss: Loss, inputs: LossInputs, gradients: readonly string[], dtype: FloatDType): Promise<void> {
  const expected = evaluate(loss, inputs, { gradients, dtype });
  const got = await runner.run(loss, inputs, { dtype, gradients });
  expectClose(got.value, expected.value, dtype);
  expect(Object.keys(got.gradients)).toEqual([...gradients]);
  for (const name of gradients) expectClose(got.gradients[name]!, expected.gradients[name]!, dtype);
}

const atPoints = [...pointSamples(), ...pointSamples('none')].map(
  (given) => [`${given.name} ${given.loss.options.reduction}`, given] as const,
);

describe.each(['float32', 'float64'] as const)('losses in %s', (dtype) => {
  test.each(
    samples.map(
      ({ loss, inputs, gradients }) => [`${loss.key} of ${Object.keys(inputs)}`, loss, inputs, gradients] as const,
    ),
  )('%s', (_, loss, inputs, gradients) => compare(loss, inputs, gradients, dtype));

  test.each(atPoints)('%s', (_, { loss, inputs, gradients }) => compare(loss, inputs, gradients, dtype));
});

test('every loss of the catalogue is sampled', () => {
  const sampled = new Set(
    [...samples.map(({ loss }) => loss), ...atPoints.map(([, { loss }]) => loss)].map(({ id }) => id),
  );
  expect([...catalogue.keys()].filter((id) => !sampled.has(id))).toEqual([]);
});

test('a loss of somebody else', async () => {
  const logCosh = defineLoss({
    id: 'logCosh',
    inputs: { input: kinds.float('...'), target: kinds.float('...') },
    formula: ({ input, target }) => {
      const e = input.sub(target).abs();
      return e.add(e.mul(-2).softplus()).sub(Math.LN2);
    },
  });
  await compare(logCosh(), { input: numbers([3, 2]), target: numbers([3, 2]) }, ['input', 'target'], 'float64');
});

describe('one compilation, all sizes', () => {
  const run = async (loss: Loss, list: LossInputs[], gradients: string[]) => {
    const { checkInputs } = await import('@isoloss/core');
    const compiled = await backend.compile(loss, {
      dtype: 'float64',
      signature: checkInputs(loss, list[0]!).signature,
      gradients,
    });
    for (const inputs of list) {
      const expected = evaluate(loss, inputs, { gradients });
      const got = await compiled.run(inputs);
      expectClose(got.value, expected.value, 'float64');
      for (const name of gradients) expectClose(got.gradients[name]!, expected.gradients[name]!, 'float64');
    }
    compiled.dispose();
  };
  const find = (id: string, options: object = {}) => {
    const { loss } = samples.find((sample) => sample.loss.id === id)!;
    return { loss: loss.definition, options };
  };

  test('crossEntropy, from an empty batch to a large one', async () => {
    const { makeLoss } = await import('@isoloss/core');
    const list = [3, 0, 1, 200].map((N) => ({ input: numbers([N, 7]), target: labels([N], 7) }));
    for (const reduction of ['mean', 'none', 'sum'])
      await run(makeLoss(find('crossEntropy').loss, { reduction }), list, ['input']);
  });

  test('ctc, for any number of frames, none too', async () => {
    const { makeLoss } = await import('@isoloss/core');
    const list = [
      [5, 2, 4, 2],
      [9, 3, 6, 3],
      [0, 2, 4, 1],
      [3, 0, 4, 1],
      [4, 2, 4, 0],
    ].map(([T, N, C, S]) => ({
      logProbs: logProbabilities([T!, N!, C!]),
      targets: labels([N!, S!], C!, 1),
      inputLengths: constants([N!], T!),
      targetLengths: constants([N!], S!),
    }));
    await run(makeLoss(find('ctc').loss, { reduction: 'none' }), list, ['logProbs']);
  });

  test('wasserstein1d sorts nothing, too', async () => {
    const { makeLoss } = await import('@isoloss/core');
    const list = [
      [2, 5],
      [0, 5],
      [3, 1],
    ].map((shape) => ({ input: numbers(shape), target: numbers(shape) }));
    await run(makeLoss(find('wasserstein1d').loss, { reduction: 'none' }), list, ['input', 'target']);
  });
});

describe('the backend', () => {
  const { loss, inputs } = samples.find((sample) => sample.loss.id === 'crossEntropy')!;

  test('describes itself', async () => {
    expect(await backend.describe()).toMatchObject({
      id: 'onnx-node',
      available: true,
      dtypes: ['float32', 'float64'],
      runtime: expect.stringMatching(/^onnxruntime \d+\.\d+/),
    });
  });

  test.each([
    ['LABEL_OUT_OF_RANGE', { ...inputs, target: constants([4], 5) }],
    ['SHAPE_MISMATCH', { ...inputs, target: constants([3], 0) }],
    ['RANK_MISMATCH', { ...inputs, target: constants([4, 1, 1], 0) }],
    ['UNKNOWN_INPUT', { ...inputs, labels: constants([4], 0) }],
    ['MISSING_INPUT', { input: inputs.input! }],
    ['BAD_TENSOR', { ...inputs, target: { dtype: 'int32', shape: [5], data: [1] } }],
    ['BAD_DTYPE', { ...inputs, target: numbers([4]) }],
  ] as [string, LossInputs][])('answers bad input with %s, like the reference', async (code, bad) => {
    expect(() => evaluate(loss, bad)).toThrow(expect.objectContaining({ code }));
    await expect(runner.run(loss, bad, { dtype: 'float32' })).rejects.toMatchObject({ code });
  });

  test('gives gradients of sum(value · upstream)', async () => {
    const { checkInputs, makeLoss } = await import('@isoloss/core');
    const none = makeLoss(loss.definition, { reduction: 'none' });
    const { signature } = checkInputs(none, inputs);
    const request = { dtype: 'float64', signature, gradients: ['input'] } as const;
    const plain = await (await backend.compile(none, request)).run(inputs);
    const compiled = await backend.compile(none, { ...request, upstream: true });
    const doubled: LossResult = await compiled.run({ ...inputs, upstream: [2, 2, 2, 2] });
    expect([...doubled.gradients.input!.data]).toEqual([...plain.gradients.input!.data].map((g) => 2 * g));
    await expect(compiled.run(inputs)).rejects.toMatchObject({ code: 'MISSING_INPUT' });
  });

  test('an error of the runtime is an error, not a crash', async () => {
    const broken = onnxBackend({ session: { executionProviders: ['nonesuch' as 'cpu'] } });
    await expect(createRunner(broken).run(loss, inputs, { dtype: 'float32' })).rejects.toThrow(
      /^ONNX Runtime does not load the model: /,
    );
  });
});
