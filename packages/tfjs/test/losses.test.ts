import {
  catalogue,
  createRunner,
  crossEntropy,
  ctc,
  defineLoss,
  evaluate,
  huber,
  inputs as kinds,
  type Loss,
  type LossInputs,
  type LossResult,
  makeLoss,
  type Tensor,
  UnsupportedError,
} from '@isoloss/core';
import { describe, expect, test } from 'vitest';
import { tfjsBackend } from '../src/backend.ts';
import { type Sample, sample, sampled } from './inputs.ts';
import { pointSamples } from './points.ts';
import { runtimes } from './runtimes.ts';

/** Largest difference, relative to the largest number; what derived bounds allow is for the conformance suite to judge. */
function distance(got: Tensor, want: Tensor): number {
  if (got.shape.join() !== want.shape.join()) return Infinity;
  const finite = [...want.data].filter(Number.isFinite).map(Math.abs);
  const scale = Math.max(1e-3, ...finite);
  return Math.max(
    0,
    ...[...want.data].map((x, k) => {
      const value = got.data[k]!;
      if (Object.is(value, x) || value === x) return 0;
      // What leaves float32 is infinite there, and what it cancels against is lost.
      if (Math.abs(x) > 1e37) return Math.abs(value) > 1e37 ? 0 : Infinity;
      return Number.isNaN(value) ? Infinity : Math.abs(value - x) / scale;
    }),
  );
}

function worst(got: LossResult, want: LossResult): number {
  expect(Object.keys(got.gradients)).toEqual(Object.keys(want.gradients));
  return Math.max(
    distance(got.value, want.value),
    ...Object.keys(want.gradients).map((name) => distance(got.gradients[name]!, want.gradients[name]!)),
  );
}

/** What the reference says, or undefined where a loss refuses the inputs that we make up. */
function reference({ loss, inputs, gradients }: Sample): LossResult | undefined {
  try {
    return evaluate(loss, inputs, { gradients });
  } catch {
    return undefined;
  }
}

const losses = sampled.flatMap((id) => {
  const definition = catalogue.get(id)!;
  return definition.reductions.map((reduction) => [`${id} ${reduction}`, makeLoss(definition, { reduction })] as const);
});
const atPoints = [...pointSamples(), ...pointSamples('none')].map(
  (given) => [`${given.name} ${given.loss.options.reduction}`, given] as const,
);

/** A loss that is in no catalogue, with an operation of each sort. */
const custom = defineLoss({
  id: 'sortedTail',
  inputs: { input: kinds.float('N D'), target: kinds.float('N D'), label: kinds.index('N', { below: 'D' }) },
  formula: ({ input, target, label }) => {
    const error = input.sub(target).abs().sort(1).cumsum(1, { reverse: true });
    return error.log1p().sum(1).add(input.pick(label, 1).square()).sub(target.logSumExp(1).sigmoid());
  },
});

test('an id that is none', () => {
  expect(() => tfjsBackend('tfjs-gpu' as never)).toThrow(/tfjs-cpu, tfjs-wasm, tfjs-node/);
});

describe.each(runtimes)('%s', (id, runtime, reason) => {
  const run = test.skipIf(runtime === undefined);
  const backend = tfjsBackend(id);
  const runner = createRunner(backend);
  const at = (loss: Loss, inputs: LossInputs, gradients: readonly string[] = []) =>
    runner.run(loss, inputs, { dtype: 'float32', gradients });

  run.each([...losses, ['a custom loss', custom()] as const])(`%s ${reason}`, async (_, loss) => {
    const before = runtime!.tf.engine().memory().numTensors;
    let compared = 0;
    for (const [scale, tolerance] of [
      [1, 2e-4],
      [30, 2e-3],
    ] as const)
      for (const optional of [true, false]) {
        const given = sample(loss, { scale, optional });
        const want = reference(given);
        if (want === undefined) continue;
        compared++;
        expect(worst(await at(loss, given.inputs, given.gradients), want)).toBeLessThan(tolerance);
      }
    expect(compared).toBeGreaterThan(0);
    const empty = sample(loss, { empty: true });
    const want = reference(empty);
    if (want !== undefined) expect(worst(await at(loss, empty.inputs, empty.gradients), want)).toBe(0);
    expect(runtime!.tf.engine().memory().numTensors).toBe(before);
  });

  run.each(atPoints)(`%s ${reason}`, async (_, { loss, inputs, gradients }) => {
    const before = runtime!.tf.engine().memory().numTensors;
    expect(worst(await at(loss, inputs, gradients), evaluate(loss, inputs, { gradients }))).toBeLessThan(2e-4);
    expect(runtime!.tf.engine().memory().numTensors).toBe(before);
  });

  run(`mean of nothing is NaN with zero gradient ${reason}`, async () => {
    const { value, gradients } = await at(
      huber(),
      { input: { shape: [0], data: [] }, target: { shape: [0], data: [] } },
      ['input'],
    );
    expect([...value.data]).toEqual([NaN]);
    expect(gradients.input).toMatchObject({ shape: [0] });
    const ignored = await at(crossEntropy(), { input: [[1, 2]], target: [-100] }, ['input']);
    expect([...ignored.value.data, ...ignored.gradients.input!.data]).toEqual([NaN, 0, 0]);
  });

  run(`bad input has the reference's error ${reason}`, async () => {
    const bad: readonly (readonly [Loss, LossInputs])[] = [
      [crossEntropy(), { input: [[1, 2]], target: [2] }],
      [crossEntropy(), { input: [[1, 2]] }],
      [huber(), { input: [1, 2], target: [1, 2, 3] }],
      [huber(), { input: [1, 2], target: [1, 2], weigth: [1, 2] }],
      [huber(), { input: [1], target: [[1]] }],
      [huber(), { input: { dtype: 'int32', shape: [1], data: [1] }, target: [1] }],
      [ctc(), { logProbs: [[[0]]], targets: [[0]], inputLengths: [2], targetLengths: [1] }],
    ];
    const codeOf = (error: unknown) => (error as { code: string }).code;
    for (const [loss, inputs] of bad) {
      let expected: string | undefined;
      try {
        evaluate(loss, inputs, { dtype: 'float32' });
      } catch (error) {
        expected = codeOf(error);
      }
      expect(expected).toBeDefined();
      expect(await at(loss, inputs).then(() => 'no error', codeOf)).toBe(expected);
    }
  });

  run(`float64 is refused ${reason}`, async () => {
    const compiling = backend.compile(huber(), {
      dtype: 'float64',
      signature: { input: { rank: 1 }, target: { rank: 1 } },
    });
    await expect(compiling).rejects.toThrow(UnsupportedError);
    await expect(compiling).rejects.toThrow(/TensorFlow\.js .* has no float64/);
  });

  run(`describes itself ${reason}`, async () => {
    expect(await backend.describe()).toMatchObject({
      id,
      available: true,
      dtypes: ['float32'],
      language: 'typescript',
    });
  });
});
