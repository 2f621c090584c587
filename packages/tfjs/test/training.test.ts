import { bceWithLogits, crossEntropy, ctc, mse, nll, sigmoidFocal, tripletMargin } from '@isoloss/core';
import * as tf from '@tensorflow/tfjs';
import { beforeEach, describe, expect, test } from 'vitest';
import { compileLoss } from '../src/layers.ts';
import { tfLoss } from '../src/loss.ts';
import { random } from './inputs.ts';
import { runtimes } from './runtimes.ts';

const classes = 3;

/** Points around the corners of a triangle. */
function clusters(count: number): { points: number[][]; labels: number[] } {
  const next = random(7);
  const centres = [
    [0, 2],
    [2, -1],
    [-2, -1],
  ] as const;
  const labels = Array.from({ length: count }, (_, k) => k % classes);
  return { labels, points: labels.map((label) => centres[label]!.map((x) => x + next() - 0.5)) };
}

function classifier(): tf.Sequential {
  return tf.sequential({
    layers: [
      tf.layers.dense({
        units: 8,
        activation: 'relu',
        inputShape: [2],
        kernelInitializer: tf.initializers.glorotUniform({ seed: 1 }),
      }),
      tf.layers.dense({ units: classes, kernelInitializer: tf.initializers.glorotUniform({ seed: 2 }) }),
    ],
  });
}

const trained = runtimes.filter(([id]) => id !== 'tfjs-wasm');

describe.each(trained)('%s', (_id, runtime, reason) => {
  const run = test.skipIf(runtime === undefined);
  beforeEach(async () => {
    if (runtime !== undefined) await tf.setBackend(runtime.name);
  });

  run(`model.compile and model.fit learn to separate three clusters ${reason}`, async () => {
    const { points, labels } = clusters(150);
    const model = classifier();
    const optimizer = tf.train.adam(0.05);
    model.compile({ optimizer, loss: compileLoss(tf, crossEntropy()), metrics: ['accuracy'] });
    const [x, y] = [
      tf.tensor(points),
      tf.tidy(() => tf.cast(tf.oneHot(tf.tensor(labels, undefined, 'int32'), classes), 'float32')),
    ];
    const fit = (epochs: number) => model.fit(x, y, { epochs, batchSize: 30, shuffle: false, verbose: 0 });
    await fit(1);
    const kept = tf.memory().numTensors;
    const { history } = await fit(12);
    expect(tf.memory().numTensors).toBe(kept);
    expect(history.acc!.at(-1)).toBeGreaterThan(0.98);
    expect(Number(history.loss!.at(-1))).toBeLessThan(0.1);
    const [loss] = model.evaluate(x, y, { verbose: 0 }) as tf.Scalar[];
    expect(loss!.dataSync()[0]).toBeLessThan(0.1);
    tf.dispose([x, y, ...(model.evaluate(x, y, { verbose: 0 }) as tf.Scalar[]), loss!]);
    model.dispose();
    optimizer.dispose();
  });

  run(`classWeight works on one value for each example ${reason}`, async () => {
    const { points, labels } = clusters(30);
    const model = classifier();
    const optimizer = tf.train.sgd(0.1);
    model.compile({ optimizer, loss: compileLoss(tf, crossEntropy({ reduction: 'none' })) });
    const [x, y] = [
      tf.tensor(points),
      tf.tidy(() => tf.cast(tf.oneHot(tf.tensor(labels, undefined, 'int32'), classes), 'float32')),
    ];
    const { history } = await model.fit(x, y, { epochs: 3, classWeight: { 0: 1, 1: 2, 2: 0 }, verbose: 0 });
    expect(Number(history.loss!.at(-1))).toBeLessThan(Number(history.loss![0]));
    tf.dispose([x, y]);
    model.dispose();
    optimizer.dispose();
  });

  run(`targets in every form that models give ${reason}`, () => {
    tf.tidy(() => {
      const logits = tf.tensor([
        [1, 2, 3],
        [0, 1, 0],
      ]);
      const oneHot = tf.tensor([
        [0, 0, 1],
        [1, 0, 0],
      ]);
      const labels = tf.tensor([2, 0]);
      const ints = tf.tensor([2, 0], [2], 'int32');
      const ce = compileLoss(tf, crossEntropy());
      const want = (Math.log(Math.E + Math.E ** 2 + Math.E ** 3) - 3 + Math.log(2 + Math.E)) / 2;
      for (const yTrue of [oneHot, labels, ints, tf.reshape(labels, [2, 1]), tf.reshape(ints, [2, 1])])
        expect(ce(yTrue, logits).dataSync()[0]).toBeCloseTo(want, 5);
      expect(ce(tf.tensor([0.5, 0]), logits).dataSync()[0]).toBeNaN();
      // Labels only: a row that is not one-hot has no label.
      const likelihood = compileLoss(tf, nll({ reduction: 'none' }));
      expect([...likelihood(oneHot, logits).dataSync()]).toEqual([-3, -0]);
      expect([
        ...likelihood(
          tf.tensor([
            [0, 0.5, 0.5],
            [1, 0, 0],
          ]),
          logits,
        ).dataSync(),
      ]).toEqual([NaN, -0]);
      // Images: the classes are last.
      const image = tf.tensor([
        [
          [
            [1, 2, 3],
            [0, 1, 0],
          ],
        ],
      ]);
      expect(ce(tf.tensor([[[2, 0]]]), image).dataSync()[0]).toBeCloseTo(want, 5);
      // (N) against (N, 1)
      const bce = compileLoss(tf, bceWithLogits({ reduction: 'none' }));
      expect([...bce(tf.tensor([1, 0], [2], 'int32'), tf.tensor([[0], [0]])).dataSync()]).toEqual([
        expect.closeTo(Math.LN2, 6),
        expect.closeTo(Math.LN2, 6),
      ]);
      const perExample = compileLoss(tf, mse({ reduction: 'none' }))(
        tf.zeros([2, 3]),
        tf.tensor([
          [1, 1, 1],
          [3, 0, 0],
        ]),
      );
      expect([...perExample.dataSync()]).toEqual([1, 3]);
      const weighted = compileLoss(tf, crossEntropy({ reduction: 'sum' }), { weight: tf.tensor([0, 1, 1]) });
      expect(weighted(labels, logits).dataSync()[0]).toBeCloseTo(Math.log(Math.E + Math.E ** 2 + Math.E ** 3) - 3, 5);
      expect(() => compileLoss(tf, tripletMargin())).toThrow(/tfLoss/);
    });
  });

  run(`the same trajectory as tf.losses.softmaxCrossEntropy ${reason}`, () => {
    const { points, labels } = clusters(60);
    const [x, hard] = [tf.tensor(points), tf.tensor(labels, undefined, 'int32')];
    const y = tf.tidy(() => tf.cast(tf.oneHot(hard, classes), 'float32'));
    const loss = tfLoss(tf, crossEntropy());
    const train = (lossOf: (logits: tf.Tensor) => tf.Tensor) => {
      const w = tf.variable(tf.fill([2, classes], 0.1));
      const optimizer = tf.train.momentum(0.2, 0.9);
      const losses = Array.from({ length: 20 }, () => {
        const value = optimizer.minimize(() => tf.tidy(() => lossOf(tf.matMul(x, w)) as tf.Scalar), true, [w])!;
        const [number] = value.dataSync();
        value.dispose();
        return number!;
      });
      const weights = [...w.dataSync()];
      tf.dispose([w]);
      optimizer.dispose();
      return [...losses, ...weights];
    };
    const theirs = train((logits) => tf.losses.softmaxCrossEntropy(y, logits));
    for (const ours of [train((logits) => loss(logits, hard)), train((logits) => loss(logits, y))])
      ours.forEach((value, k) => {
        expect(value).toBeCloseTo(theirs[k]!, 4);
      });
    tf.dispose([x, y, hard]);
  });

  const minimise = (
    make: () => { variables: tf.Variable[]; loss: () => tf.Tensor },
    rate: number,
    steps: number,
  ): number[] => {
    const { variables, loss } = make();
    const optimizer = tf.train.adam(rate);
    let kept = 0;
    const losses = Array.from({ length: steps }, (_, k) => {
      const value = optimizer.minimize(() => loss() as tf.Scalar, true, variables)!;
      const [number] = value.dataSync();
      value.dispose();
      // The first step makes the optimizer's own state.
      if (k === 0) kept = tf.memory().numTensors;
      return number!;
    });
    expect(tf.memory().numTensors).toBe(kept);
    tf.dispose(variables);
    optimizer.dispose();
    return losses;
  };

  run(`optimizer.minimize with sigmoidFocal finds the labels ${reason}`, () => {
    const y = tf.tensor([1, 0, 1, 0]);
    const focal = tfLoss(tf, sigmoidFocal());
    const losses = minimise(
      () => {
        const logits = tf.variable(tf.zeros([4]));
        return { variables: [logits], loss: () => focal(logits, y) };
      },
      0.3,
      40,
    );
    // At logit 0 it is (α_t averaged: 0.5)·0.25·ln 2.
    expect(losses[0]).toBeCloseTo(0.5 * 0.25 * Math.LN2, 6);
    expect(losses.at(-1)).toBeLessThan(1e-4);
    y.dispose();
  });

  run(`optimizer.minimize with tripletMargin separates ${reason}`, () => {
    const triplet = tfLoss(tf, tripletMargin());
    const losses = minimise(
      () => {
        const embeddings = tf.variable(
          tf.tensor([
            [0.1, 0],
            [0, 0.2],
            [0.1, 0.1],
          ]),
        );
        const row = (k: number) => tf.slice(embeddings, [k, 0], [1, 2]);
        return { variables: [embeddings], loss: () => triplet(row(0), row(1), row(2)) };
      },
      0.1,
      30,
    );
    expect(losses[0]).toBeGreaterThan(1);
    expect(losses.at(-1)).toBe(0);
  });

  run(`optimizer.minimize with ctc learns its targets ${reason}`, () => {
    const [targets, inputLengths, targetLengths] = [
      tf.tensor(
        [
          [1, 2],
          [2, 2],
        ],
        undefined,
        'int32',
      ),
      tf.tensor([6, 6], undefined, 'int32'),
      tf.tensor([2, 2], undefined, 'int32'),
    ];
    const loss = tfLoss(tf, ctc({ logits: true, reduction: 'sum' }));
    const losses = minimise(
      () => {
        const logProbs = tf.variable(tf.zeros([6, 2, 4]));
        return { variables: [logProbs], loss: () => loss({ logProbs, targets, inputLengths, targetLengths }) };
      },
      0.5,
      30,
    );
    // Of 4⁶ equal paths C(8, 4) spell 1 2, and C(7, 4) spell 2 2, whose labels need a blank between.
    expect(losses[0]).toBeCloseTo(2 * 6 * Math.log(4) - Math.log(70) - Math.log(35), 3);
    expect(losses.at(-1)).toBeLessThan(0.05);
    tf.dispose([targets, inputLengths, targetLengths]);
  });
});
