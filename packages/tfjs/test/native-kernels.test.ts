import {
  bceWithLogits,
  constant,
  type Expr,
  expand,
  interpreter,
  logisticLoss,
  make,
  mse,
  type NDArray,
  where,
} from '@isoloss/core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { plan, runPlan } from '../src/execute.ts';
import { tfLoss } from '../src/loss.ts';
import { runtimes, withoutLeaks } from './runtimes.ts';

const [, runtime, reason] = runtimes.find(([id]) => id === 'tfjs-node')!;
const node = (name: string, work: () => void) => test.skipIf(runtime === undefined)(`${name} ${reason}`, work);

const leaf = (name: string, shape: readonly (string | number)[]): Expr =>
  make('input', [], { name, type: { dtype: 'float', shape } }) as Expr;
const [x, t, w, a] = ['x', 't', 'w', 'a'].map((name) => leaf(name, ['N'])) as [Expr, Expr, Expr, Expr];
const array = (data: ArrayLike<number>): NDArray => ({ shape: [data.length], data: Float64Array.from(data) });

/** The kernels that a graph runs, and its value beside the interpreter's. */
function compare(output: Expr, given: Record<string, NDArray>): { got: number[]; want: number[]; kernels: string[] } {
  const sizes = new Map([['N', Object.values(given)[0]!.data.length]]);
  const [want] = interpreter(expand([output]))(new Map(Object.entries(given)), sizes);
  return withoutLeaks(runtime!, () => {
    let result: { got: number[]; kernels: string[] } | undefined;
    tf.tidy(() => {
      const inputs = new Map(
        Object.entries(given).map(([name, { data }]) => [name, tf.tensor(Float32Array.from(data))]),
      );
      const kernels: string[] = [];
      const backend = tf.backend() as unknown as { executeSingleOutput: (name: string, ...rest: unknown[]) => unknown };
      const own = backend.executeSingleOutput;
      backend.executeSingleOutput = function (name, ...rest) {
        kernels.push(name);
        return own.call(this, name, ...rest);
      };
      try {
        const [tensor] = runPlan(runtime!.tf, plan([output], true), inputs, sizes);
        result = { got: [...tensor!.dataSync()], kernels };
      } finally {
        backend.executeSingleOutput = own;
      }
    });
    return { ...result!, want: [...want!.data] };
  });
}

const spread = (low: number, high: number, count = 20_000): number[] =>
  Array.from({ length: count }, (_, k) => Math.fround(low + ((high - low) * k) / (count - 1)));
const scales = Array.from({ length: 20_000 }, (_, k) =>
  Math.fround((k % 2 ? 1 : -1) * 2 ** (-120 + (126 * k) / 20_000)),
);
const logits = [...spread(-87, 87), ...spread(-16, 16), ...scales];
const relative = (got: number, want: number): number =>
  got === want || Math.abs(want) < 2 ** -126 ? 0 : Math.abs(got - want) / Math.abs(want) / 2 ** -24;
const worst = (got: readonly number[], want: readonly number[]): number =>
  got.reduce((most, value, k) => Math.max(most, relative(value, want[k]!)), 0);

describe('accuracy over the whole range, in units of rounding', () => {
  // What the bodies may be off by what the backend says of its kernels: exp 4, log1p 8, and half a unit or one for each of the others.
  node('sigmoid: 4 + 3', () => {
    const { got, want, kernels } = compare(x.sigmoid(), { x: array(logits) });
    expect(worst(got, want)).toBeLessThanOrEqual(7);
    expect(kernels).toEqual(['Fill', 'SoftplusGrad']);
  });

  node('softplus: 4 + 8 + 1', () => {
    const { got, want, kernels } = compare(x.softplus(), { x: array(logits) });
    expect(worst(got, want)).toBeLessThanOrEqual(13);
    expect(kernels).toEqual(['Softplus']);
  });

  node('a product with a sigmoid', () => {
    const given = { x: array(logits), a: array(logits.map((_, k) => ((k % 17) - 8) / 3).map(Math.fround)) };
    const { got, want, kernels } = compare(a.mul(x.sigmoid()), given);
    expect(worst(got, want)).toBeLessThanOrEqual(8);
    expect(kernels).toEqual(['SoftplusGrad']);
  });

  node('logistic loss: 4 + 8 + 4', () => {
    for (const target of [0, 1, 0.5, 2 ** -20, 1 - 2 ** -20]) {
      const given = { x: array(logits), t: array(logits.map(() => target)) };
      expect(worst(...both(logisticLoss(x, t), given)), `target ${target}`).toBeLessThanOrEqual(16);
      const weighted = { ...given, w: array(logits.map((_, k) => (k % 5) / 2)) };
      expect(worst(...both(logisticLoss(x, t, w), weighted)), `target ${target}`).toBeLessThanOrEqual(17);
    }
  });

  const both = (output: Expr, given: Record<string, NDArray>): [number[], number[]] => {
    const { got, want } = compare(output, given);
    return [got, want];
  };
});

node('NaN and infinities are as in the bodies', () => {
  const special = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, 1, -50, 50];
  const targets = [0, 1, 0.5];
  const pairs = special.flatMap((logit) => targets.map((target) => [logit, target] as const));
  const given = {
    x: array(pairs.map(([logit]) => logit)),
    t: array(pairs.map(([, target]) => target)),
    w: array(pairs.map((_, k) => (k % 2) + 1)),
  };
  const outputs = [
    x.sigmoid(),
    x.softplus(),
    t.mul(x.sigmoid()),
    x.mul(x.sigmoid()),
    logisticLoss(x, t),
    logisticLoss(x, t, w),
    logisticLoss(x, t).sum(),
    where(x.gt(0), x, t),
    where(x.gt(0), Number.NaN, 1),
  ];
  for (const output of outputs) {
    const { got, want } = compare(output, given);
    got.forEach((value, k) => {
      if (Number.isFinite(want[k])) expect(Math.abs(value - want[k]!)).toBeLessThanOrEqual(1e-6 * Math.abs(want[k]!));
      else expect(value).toBe(want[k]);
    });
  }
});

node('sums of squares and of a logistic loss are not made in memory first', () => {
  const given = { x: array(spread(-3, 3, 1000)), t: array(spread(0, 1, 1000)) };
  const squares = compare(x.square().sum(), given);
  expect(squares.kernels).toEqual(['L2Loss', 'Mul']);
  expect(worst(squares.got, squares.want)).toBeLessThanOrEqual(8);
  const losses = compare(logisticLoss(x, t).sum(), given);
  expect(losses.kernels.filter((name) => name === 'Sum').length).toBe(2);
  expect(worst(losses.got, losses.want)).toBeLessThanOrEqual(16);
  // One that something else reads is made in any case.
  const read = compare(x.square().sum().add(x.square()), given);
  expect(read.kernels).toContain('Sum');
});

node('a sum of ten million squares has many right digits', () => {
  const count = 1e7;
  const given = { x: array(new Float64Array(count).fill(Math.fround(0.1))) };
  const { got, want } = compare(x.square().sum(), given);
  expect(Math.abs(got[0]! / want[0]! - 1)).toBeLessThan(1e-5);
});

node('where repeats a scalar in its kernel', () => {
  const { kernels } = compare(where(x.gt(0), x, constant(0)), { x: array([1, -1]) });
  expect(kernels).toEqual(['Less', 'SelectV2']);
});

describe.each(runtimes)('%s', (_id, some, why) => {
  test.skipIf(some === undefined)(`gradients of a target are computed only if asked for ${why}`, () => {
    withoutLeaks(some!, () =>
      tf.tidy(() => {
        const [logit, target] = [tf.tensor([1, -2, 3]), tf.tensor([0, 1, 0.5])];
        for (const loss of [tfLoss(tf, mse()), tfLoss(tf, bceWithLogits())]) {
          const kernels = (work: () => void): number => {
            let count = 0;
            const { profiling, activeProfile } = tf.engine().state;
            expect(profiling).toBe(false);
            tf.engine().state.profiling = true;
            tf.engine().state.activeProfile = { ...activeProfile, kernels: [] } as never;
            work();
            count = (tf.engine().state.activeProfile as unknown as { kernels: unknown[] }).kernels.length;
            tf.engine().state.profiling = profiling;
            tf.engine().state.activeProfile = activeProfile;
            return count;
          };
          const byLogit = tf.grads((input) => loss(input!, target));
          const byBoth = tf.grads((input, other) => loss(input!, other!));
          const one = kernels(() => byLogit([logit]));
          const two = kernels(() => byBoth([logit, target]));
          expect(one).toBeLessThan(two);
          expect([...byLogit([logit])[0]!.dataSync()]).toEqual([...byBoth([logit, target])[0]!.dataSync()]);
        }
      }),
    );
  });
});
