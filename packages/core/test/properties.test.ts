import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  arcFace,
  bceWithLogits,
  catalogue,
  checkInputs,
  crossEntropy,
  ctc,
  dice,
  evaluate,
  focal,
  huber,
  infoNce,
  isDifferentiable,
  jaccard,
  type Loss,
  lossFromJSON,
  lovaszSoftmax,
  ntXent,
  PartialMean,
  sigmoidFocal,
  smoothL1,
  supCon,
  tversky,
} from '../src/index.ts';
import { batchAxes, generator, rows, scattered } from './axes.ts';
import { numbers } from './helpers.ts';
import { points } from './points.ts';

const cases = Object.entries(points).flatMap(([id, list]) =>
  list.map((point, k) => [`${id} ${k}`, id, point] as const),
);
const value = (loss: Loss, inputs: Parameters<typeof evaluate>[1]): number[] => numbers(evaluate(loss, inputs).value);
const near = (got: readonly number[], wanted: readonly number[], digits = 1e-10): void => {
  expect(got.length).toBe(wanted.length);
  for (const [k, x] of got.entries())
    expect(Math.abs(x - wanted[k]!), `${x} for ${wanted[k]}`).toBeLessThanOrEqual(
      digits * Math.max(1, Math.abs(wanted[k]!)),
    );
};
const seeds = (runs: number, property: (seed: number) => void): void =>
  fc.assert(fc.property(fc.integer(), property), { numRuns: runs, seed: 1 });

describe('the order of a batch does not matter', () => {
  test.each(cases)('%s', (_, id, point) => {
    const loss = lossFromJSON(id, point.options);
    seeds(3, (seed) => {
      const inputs = scattered(loss, point, 3, seed);
      const axes = batchAxes(loss, inputs);
      if (axes.size === 0) return;
      const [name, axis] = [...axes][0]!;
      const size = inputs[name]!.shape[axis]!;
      const order = Array.from({ length: size }, (_, k) => (k * 5 + 1) % size);
      if (new Set(order).size !== size)
        order
          .sort((a, b) => b - a)
          .forEach((_, k) => {
            order[k] = size - 1 - k;
          });
      near(value(loss, rows(loss, inputs, order)), value(loss, inputs));
    });
  });
});

describe('partial sums of shards add up to the whole', () => {
  // A normalizer that is given, and a queue, belong to the whole batch; parameters are no batch, nor is a region over it.
  const whole = ({ inputs, options }: (typeof cases)[number][2]) =>
    'normalizer' in inputs || 'queueTargets' in inputs || 'parameters' in inputs || options?.per === 'batch';
  test.each(cases.filter(([, id, point]) => catalogue.get(id)!.separable && !whole(point)))('%s', (_, id, point) => {
    const { reduction: _reduction, ...options } = point.options ?? {};
    const partial = lossFromJSON(id, { ...options, reduction: 'partial' });
    const mean = lossFromJSON(id, options);
    seeds(3, (seed) => {
      const inputs = scattered(partial, point, 3, seed);
      const axes = batchAxes(partial, inputs);
      if (axes.size === 0) return;
      const [name, axis] = [...axes][0]!;
      const all = Array.from({ length: inputs[name]!.shape[axis]! }, (_, k) => k);
      // The mean divides by weights, so the gradient for them has a second term that the numerator's lacks.
      const gradients = checkInputs(mean, inputs)
        .resolved.filter(({ name, spec }) => isDifferentiable(spec) && name !== 'weight')
        .map(({ name }) => name);
      const expected = evaluate(mean, inputs, { gradients });
      const inOne = evaluate(partial, inputs, { gradients });
      for (const part of gradients)
        near(
          numbers(inOne.gradients[part]!).map((slope) => slope / inOne.value.data[1]!),
          numbers(expected.gradients[part]!),
        );

      // What has no batch is shared by the shards, and its gradient is summed over them.
      const shared = gradients.filter((part) => !axes.has(part));
      const sharded = new PartialMean();
      for (const order of [all.slice(0, 1), all.slice(1)])
        sharded.add(evaluate(partial, rows(partial, inputs, order), { gradients: shared }));
      near([sharded.numerator, sharded.normalizer], numbers(inOne.value));
      near([sharded.value], numbers(expected.value));
      for (const part of shared) near(numbers(sharded.gradients[part]!), numbers(expected.gradients[part]!));
    });
  });
});

describe('laws', () => {
  const draw = (seed: number, rowsOf: number, columns: number, scale = 3): number[][] => {
    const random = generator(seed);
    return Array.from({ length: rowsOf }, () => Array.from({ length: columns }, () => scale * (2 * random() - 1)));
  };
  const labelsOf = (seed: number, count: number, classes: number): number[] => {
    const random = generator(seed + 7);
    return Array.from({ length: count }, () => Math.floor(random() * classes));
  };
  const none = { reduction: 'none' } as const;

  test('a shift of all logits changes no softmax loss', () => {
    seeds(20, (seed) => {
      const [input, target] = [draw(seed, 4, 5), labelsOf(seed, 4, 5)];
      for (const loss of [
        crossEntropy(none),
        focal(none),
        lossFromJSON('poly1', none),
        lossFromJSON('distillation', none),
      ]) {
        const t = loss.id === 'distillation' ? draw(seed + 1, 4, 5) : target;
        near(
          value(loss, { input: input.map((row) => row.map((x) => x + 11)), target: t }),
          value(loss, { input, target: t }),
        );
      }
    });
  });

  test('the length of an embedding that is normalised inside changes nothing', () => {
    seeds(20, (seed) => {
      const [input, prototypes, target] = [draw(seed, 4, 3), draw(seed + 1, 5, 3), labelsOf(seed, 4, 5)];
      const longer = (x: number[][]) => x.map((row, n) => row.map((v) => v * (n + 2)));
      near(
        value(arcFace(none), { input: longer(input), prototypes: longer(prototypes), target }),
        value(arcFace(none), { input, prototypes, target }),
      );
      near(
        value(infoNce(none), { anchor: longer(input), positive: input }),
        value(infoNce(none), { anchor: input, positive: input }),
      );
      near(
        value(supCon(), { embeddings: longer(input), labels: [0, 0, 1, 1] }),
        value(supCon(), { embeddings: input, labels: [0, 0, 1, 1] }),
      );
    });
  });

  test('huber(d) = d·smoothL1(d)', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 10, noNaN: true }),
        fc.double({ min: -20, max: 20, noNaN: true }),
        (d, x) => {
          near(
            value(huber({ ...none, delta: d }), { input: [x], target: [0] }),
            value(smoothL1({ ...none, beta: d }), { input: [x], target: [0] }).map((v) => v * d),
            1e-12,
          );
        },
      ),
    );
  });

  test('focal without focus is cross entropy', () => {
    seeds(20, (seed) => {
      const [input, target] = [draw(seed, 4, 5), labelsOf(seed, 4, 5)];
      near(value(focal({ ...none, gamma: 0 }), { input, target }), value(crossEntropy(none), { input, target }));
      near(
        value(sigmoidFocal({ ...none, gamma: 0, alpha: null }), { input: input[0]!, target: [0, 1, 0, 1, 0] }),
        value(bceWithLogits(none), { input: input[0]!, target: [0, 1, 0, 1, 0] }),
      );
    });
  });

  test('dice = tversky(½, ½), jaccard by products = tversky(1, 1)', () => {
    seeds(20, (seed) => {
      const p = [draw(seed, 2, 6).map((row) => row.map((x) => Math.abs(x) / 3))];
      const t = [draw(seed + 1, 2, 6).map((row) => row.map((x) => Number(x > 0)))];
      near(value(dice(none), { input: p, target: t }), value(tversky(none), { input: p, target: t }));
      const flat = { input: [p[0]![0]!], target: [t[0]![0]!] };
      const single = { input: [[p[0]![0]!]], target: [[t[0]![0]!]] };
      near(value(jaccard({ ...none, form: 'product' }), flat), value(tversky({ ...none, alpha: 1, beta: 1 }), single));
    });
  });

  test('Lovász at hard predictions is 1 − mIoU, and does not know the classes’ numbers', () => {
    seeds(20, (seed) => {
      const [truth, guess] = [labelsOf(seed, 12, 3), labelsOf(seed + 50, 12, 3)];
      const hard = (g: number[]) => g.map((c) => [0, 1, 2].map((k) => Number(k === c)));
      const present = [0, 1, 2].filter((c) => truth.includes(c));
      const iou = present.map(
        (c) =>
          truth.filter((t, k) => t === c && guess[k] === c).length /
          truth.filter((t, k) => t === c || guess[k] === c).length,
      );
      const loss = lovaszSoftmax({ activation: 'none' });
      near(value(loss, { input: hard(guess), target: truth }), [1 - iou.reduce((a, b) => a + b, 0) / present.length]);
      const renamed = (list: number[]) => list.map((c) => (c + 1) % 3);
      near(
        value(loss, { input: hard(renamed(guess)), target: renamed(truth) }),
        value(loss, { input: hard(guess), target: truth }),
      );
    });
  });

  test('the probabilities of all label strings sum to 1 under ctc', () => {
    const logProbs = draw(3, 3, 3).map((row) => [row]);
    const strings: number[][] = [[]];
    for (let length = 1; length <= 3; length++)
      for (let n = 0; n < 2 ** length; n++) strings.push(Array.from({ length }, (_, k) => 1 + ((n >> k) & 1)));
    const total = strings.map(
      (labels) =>
        value(ctc({ ...none, logits: true }), {
          logProbs,
          targets: [[...labels, 0, 0, 0].slice(0, 3)],
          inputLengths: [3],
          targetLengths: [labels.length],
        })[0]!,
    );
    near([total.reduce((sum, nll) => sum + Math.exp(-nll), 0)], [1]);
  });

  test('NT-Xent with two views an example is supCon', () => {
    seeds(10, (seed) => {
      const embeddings = draw(seed, 4, 3);
      const temperature = 0.5;
      near(
        value(ntXent({ temperature }), { embeddings, labels: [0, 1, 0, 1] }),
        value(supCon({ temperature }), { embeddings, labels: [0, 1, 0, 1] }),
      );
    });
  });

  test('cross entropy of uniform logits is ln C for any target distribution', () => {
    near(
      value(crossEntropy({ ...none, labelSmoothing: 0.3, classAxis: -1 }), {
        input: [
          [
            [0, 0, 0, 0, 0],
            [1, 1, 1, 1, 1],
          ],
        ],
        target: [
          [
            [0.1, 0.2, 0.3, 0.4, 0],
            [1, 0, 0, 0, 0],
          ],
        ],
      }),
      [Math.log(5), Math.log(5)],
    );
  });
});
