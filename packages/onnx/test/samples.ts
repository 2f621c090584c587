import { type Loss, lossFromJSON } from '@isoloss/core';

type Data = { dtype: 'float32' | 'int32' | 'bool'; shape: number[]; data: number[] };

let state = 1;
const random = () => {
  state = (state * 1103515245 + 12345) % 2147483648;
  return state / 2147483648;
};
const sizeOf = (shape: number[]) => shape.reduce((a, b) => a * b, 1);
const filled = (dtype: Data['dtype'], shape: number[], next: () => number): Data => ({
  dtype,
  shape,
  data: Array.from({ length: sizeOf(shape) }, next),
});

export const numbers = (shape: number[], scale = 2): Data =>
  filled('float32', shape, () => Math.fround((random() * 2 - 1) * scale));
const probabilities = (shape: number[]): Data => filled('float32', shape, () => Math.fround(random()));
export const labels = (shape: number[], below: number, from = 0): Data =>
  filled('int32', shape, () => from + Math.floor(random() * (below - from)));
export const constants = (shape: number[], value: number): Data => filled('int32', shape, () => value);
const mask = (shape: number[]): Data => filled('bool', shape, () => Number(random() < 0.7));
/** Numbers that a formula must survive: saturated, tied, infinite, undefined. */
const extremes = (shape: number[], of = [0, -0, 1, -1, 20, -20, 90, -90, 1e4, -1e4]): Data => {
  let k = 0;
  return filled('float32', shape, () => of[k++ % of.length]!);
};

/** Rows that sum to 1, as logarithms. */
export const logProbabilities = (shape: number[], scale = 3): Data => {
  const tensor = numbers(shape, scale);
  const width = shape.at(-1)!;
  for (let start = 0; start < tensor.data.length; start += width) {
    const row = tensor.data.slice(start, start + width);
    const sum = row.reduce((total, x) => total + Math.exp(x), 0);
    row.forEach((x, k) => {
      tensor.data[start + k] = Math.fround(x - Math.log(sum));
    });
  }
  return tensor;
};

export interface Sample {
  readonly loss: Loss;
  readonly inputs: Readonly<Record<string, Data>>;
  readonly gradients: readonly string[];
}

const sample = (id: string, options: object, inputs: Sample['inputs'], gradients: string[]): Sample => ({
  loss: lossFromJSON(id, options as Readonly<Record<string, unknown>>),
  inputs,
  gradients,
});

const pair = (shape: number[]) => ({ input: numbers(shape), target: numbers(shape) });
const both = ['input', 'target'];

/** Every loss, with its inputs in several ranks and with the options that change its graph. */
export const samples: readonly Sample[] = [
  ...['l1', 'mse', 'huber', 'smoothL1'].flatMap((id) => [
    sample(id, { reduction: 'none' }, pair([3, 2]), both),
    sample(id, {}, { ...pair([4, 3]), weight: probabilities([1, 3]), mask: mask([4, 1]) }, [...both, 'weight']),
    sample(id, { reduction: 'partial' }, pair([]), both),
    sample(id, {}, { input: extremes([10]), target: extremes([10], [0, 1, 1, -1, 5]) }, both),
  ]),
  ...['bce', 'bceWithLogits', 'sigmoidFocal'].flatMap((id) => {
    const input = id === 'bce' ? probabilities : numbers;
    return [
      sample(id, { reduction: 'none' }, { input: input([3, 2]), target: probabilities([3, 2]) }, both),
      sample(id, {}, { input: input([5]), target: probabilities([5]), weight: probabilities([5]) }, ['input']),
      sample(
        id,
        { reduction: 'sum' },
        {
          input: id === 'bce' ? extremes([6], [0, 1, 0.5]) : extremes([10]),
          target: extremes([id === 'bce' ? 6 : 10], [0, 1]),
        },
        ['input'],
      ),
    ];
  }),
  sample('crossEntropy', {}, { input: numbers([4, 5]), target: labels([4], 5) }, ['input']),
  sample('crossEntropy', { reduction: 'none' }, { input: extremes([4, 5]), target: labels([4], 5) }, ['input']),
  sample(
    'crossEntropy',
    { labelSmoothing: 0.1 },
    { input: numbers([2, 3, 4]), target: labels([2, 4], 3), weight: probabilities([3]) },
    ['input', 'weight'],
  ),
  sample('crossEntropy', { classAxis: -1 }, { input: numbers([2, 3, 4]), target: probabilities([2, 3, 4]) }, both),
  sample('crossEntropy', { ignoreIndex: 1 }, { input: numbers([4, 3]), target: labels([4], 3), mask: mask([4]) }, [
    'input',
  ]),
  sample('nll', {}, { input: logProbabilities([4, 5]), target: labels([4], 5) }, ['input']),
  sample(
    'nll',
    { reduction: 'none', ignoreIndex: 2 },
    { input: logProbabilities([4, 3]), target: labels([4], 3), weight: probabilities([3]) },
    ['input'],
  ),
  sample('klDiv', {}, { input: logProbabilities([3, 4]), target: probabilities([3, 4]) }, both),
  sample(
    'klDiv',
    { reduction: 'batchmean', logTarget: true },
    { input: logProbabilities([3, 4]), target: logProbabilities([3, 4]) },
    both,
  ),
  sample('wasserstein1d', {}, pair([3, 7]), both),
  sample(
    'wasserstein1d',
    { reduction: 'none' },
    { input: extremes([12], [2, 1, 1, 0, -3]), target: extremes([12], [1, 1, 0]) },
    both,
  ),
  sample('tripletMargin', {}, { anchor: numbers([4, 3]), positive: numbers([4, 3]), negative: numbers([4, 3]) }, [
    'anchor',
    'positive',
    'negative',
  ]),
  sample(
    'tripletMargin',
    { swap: true, p: 1, reduction: 'none' },
    { anchor: numbers([4, 3]), positive: numbers([4, 3]), negative: numbers([4, 3]) },
    ['anchor'],
  ),
  sample('arcFace', {}, { input: numbers([4, 3]), prototypes: numbers([5, 3]), target: labels([4], 5) }, [
    'input',
    'prototypes',
  ]),
  ...[{}, { logits: true, reduction: 'none' }, { zeroInfinity: true }].map((options) =>
    sample(
      'ctc',
      options,
      {
        logProbs: logProbabilities([7, 3, 5]),
        targets: labels([3, 3], 5, 1),
        inputLengths: constants([3], 6),
        targetLengths: extremesOf([3, 0, 1]),
      },
      ['logProbs'],
    ),
  ),
  sample(
    'ctc',
    {},
    {
      logProbs: logProbabilities([6, 4]),
      targets: labels([2], 4, 1),
      inputLengths: constants([], 6),
      targetLengths: constants([], 2),
    },
    ['logProbs'],
  ),
];

function extremesOf(data: number[]): Data {
  return { dtype: 'int32', shape: [data.length], data };
}
