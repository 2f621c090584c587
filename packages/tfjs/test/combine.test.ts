import { combine, crossEntropy, evaluate, hardest, l2Penalty, penalties } from '@isoloss/core';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import { tfLoss } from '../src/loss.ts';
import { random } from './inputs.ts';
import { runtimes, withoutLeaks } from './runtimes.ts';

const [features, classes, count] = [2, 3, 60];

/** Classes that a linear model tells apart, so that without a penalty its weights grow for ever. */
function separable() {
  const next = random(3);
  const centres = [
    [0, 2],
    [2, -1],
    [-2, -1],
  ] as const;
  const labels = Array.from({ length: count }, (_, k) => k % classes);
  const points = labels.map((label) => centres[label]!.map((x) => x + next() - 0.5));
  return { x: tf.tensor(points), target: tf.tensor(labels, [count], 'int32') };
}

const task = crossEntropy();
const withPenalty = combine({
  task: [1, task],
  weights: [1, penalties(l2Penalty({ strength: 0.01 }), ['kernel', 'bias'])],
});

function train(penalised: boolean): { losses: number[]; kernel: number[]; bias: number[] } {
  const { x, target } = separable();
  const kernel = tf.tidy(() => tf.variable(tf.fill([features, classes], 0.1)));
  const bias = tf.tidy(() => tf.variable(tf.zeros([classes])));
  const loss = tfLoss(tf, penalised ? withPenalty : task);
  const optimizer = tf.train.adam(0.1);
  const step = () => {
    const input = tf.add(tf.matMul(x, kernel), bias);
    return loss({ input, target, ...(penalised ? { kernel, bias } : {}) }) as tf.Scalar;
  };
  let kept = 0;
  const losses = Array.from({ length: 60 }, (_, k) => {
    const value = optimizer.minimize(step, true, [kernel, bias])!;
    const [number] = value.dataSync();
    value.dispose();
    // The first step makes the optimizer's own state.
    if (k === 0) kept = tf.memory().numTensors;
    return number!;
  });
  expect(tf.memory().numTensors).toBe(kept);
  const result = { losses, kernel: [...kernel.dataSync()], bias: [...bias.dataSync()] };
  tf.dispose([x, target, kernel, bias]);
  optimizer.dispose();
  return result;
}

describe.each(runtimes)('%s', (_id, runtime, reason) => {
  const run = (name: string, work: () => void) =>
    test.skipIf(runtime === undefined)(`${name} ${reason}`, () => withoutLeaks(runtime!, work));

  run('a task with penalties over two variables trains', () => {
    const [plain, penalised] = [train(false), train(true)];
    const norm = (values: number[]) => Math.hypot(...values);
    expect(penalised.losses.at(-1)).toBeLessThan(0.5 * penalised.losses[0]!);
    expect(norm(penalised.kernel)).toBeLessThan(0.8 * norm(plain.kernel));
    // At the first step they differ by the penalty on the six weights.
    expect(penalised.losses[0]! - plain.losses[0]!).toBeCloseTo(0.01 * 6 * 0.1 ** 2, 6);
  });

  run('gradients of the combined loss are those of core', () => {
    tf.tidy(() => {
      const given = {
        input: [
          [1, 2, 3],
          [0.5, -1, 0.2],
        ],
        target: [2, 0],
        kernel: [
          [0.5, -1, 2],
          [0.25, 3, -0.5],
        ],
        bias: [0.1, -0.2, 0.3],
      };
      const wrt = ['input', 'kernel', 'bias'] as const;
      const want = evaluate(withPenalty, given, { gradients: wrt });
      const target = tf.tensor(given.target, [2], 'int32');
      const f = tfLoss(tf, withPenalty);
      const { value, grads } = tf.valueAndGrads(
        (input, kernel, bias) => f({ input, kernel, bias, target }) as tf.Scalar,
      )(wrt.map((name) => tf.tensor(given[name])));
      expect(value.dataSync()[0]).toBeCloseTo(want.value.data[0]!, 5);
      grads.forEach((g, k) => {
        expectClose(g, want.gradients[wrt[k]!]!.data);
      });
    });
  });

  run('the hardest half of the examples', () => {
    tf.tidy(() => {
      const given = {
        input: [
          [1, 2, 3],
          [0.5, -1, 0.2],
          [0, 0, 5],
          [0, 0, 1],
        ],
        target: [2, 0, 0, 1],
      };
      const loss = hardest(crossEntropy(), { fraction: 0.5 });
      const want = evaluate(loss, given, { gradients: ['input'] });
      const target = tf.tensor(given.target, [4], 'int32');
      const f = tfLoss(tf, loss);
      const { value, grad } = tf.valueAndGrad((input) => f(input, target) as tf.Scalar)(tf.tensor(given.input));
      expect(value.dataSync()[0]).toBeCloseTo(want.value.data[0]!, 5);
      expectClose(grad, want.gradients.input!.data);
      // The two easy ones have none.
      const rows = [0, 1, 2, 3].map((n) => [...grad.dataSync()].slice(3 * n, 3 * n + 3).some((g) => g !== 0));
      expect(rows).toEqual([false, false, true, true]);
    });
  });
});

function expectClose(got: tf.Tensor, want: ArrayLike<number>): void {
  expect([...got.dataSync()]).toEqual(Array.from(want, (value) => expect.closeTo(value, 5)));
}
