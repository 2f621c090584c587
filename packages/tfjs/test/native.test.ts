import {
  catalogue,
  constant,
  crossEntropy,
  ctc,
  type Expr,
  evaluate,
  gradient,
  huber,
  interpreter,
  lowered,
  make,
  makeLoss,
  mse,
  type NDArray,
  outputsOf,
  resolveInputs,
  sigmoidFocal,
  signatureOf,
  type Tensor,
  trace,
  tripletMargin,
} from '@isoloss/core';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import { tfLoss } from '../src/loss.ts';
import type { TfTensor } from '../src/tensorflow.ts';
import { type Sample, sample, sampled } from './inputs.ts';
import { pointSamples } from './points.ts';
import { runtimes, withoutLeaks } from './runtimes.ts';

const toTf = ({ shape, data, dtype }: Tensor): TfTensor =>
  tf.tensor(data as Float32Array, [...shape], dtype as 'float32');
const tensors = ({ inputs }: Sample) => Object.fromEntries(Object.entries(inputs).map(([name, x]) => [name, toTf(x)]));
const numbers = (tensor: TfTensor): number[] => [...tensor.dataSync()];

function close(got: readonly number[], want: ArrayLike<number>, tolerance = 2e-4): void {
  expect(got.length).toBe(want.length);
  const scale = Math.max(1e-3, ...Array.from(want, Math.abs).filter(Number.isFinite));
  const worst = Math.max(0, ...got.map((x, k) => (Object.is(x, want[k]!) ? 0 : Math.abs(x - want[k]!) / scale)));
  expect(worst).toBeLessThan(tolerance);
}

/** Second derivatives by core: the gradient of Σ direction · gradient, with respect to each input. */
function secondDerivative({ loss, inputs, gradients }: Sample, of: string, direction: NDArray): number[][] {
  const shapes = Object.fromEntries(Object.entries(inputs).map(([name, { shape }]) => [name, shape]));
  const program = trace(loss, { signature: signatureOf(loss.definition, shapes) });
  const leaf = (name: string) => {
    const { type } = program.inputs.find((input) => input.name === name)!;
    return make('input', [], { name, type }) as Expr;
  };
  const [first] = gradient(program.value, [leaf(of)], constant(1));
  const along = make('input', [], { name: 'direction', type: leaf(of).type }) as Expr;
  const second = gradient(first!.mul(along).sum(), gradients.map(leaf));
  const graph = outputsOf(lowered({ ...program, value: constant(0), gradients: Object.fromEntries(second.entries()) }));
  const sizes = new Map(
    resolveInputs(loss.definition, loss.options, signatureOf(loss.definition, shapes)).flatMap(({ name, type }) =>
      type.shape.map((dim, axis) => [String(dim), shapes[name]![axis]!] as const),
    ),
  );
  const given = new Map<string, NDArray>([
    ...Object.entries(inputs).map(([name, { shape, data }]): [string, NDArray] => [
      name,
      { shape, data: data instanceof Float32Array ? Float64Array.from(data) : (data as Int32Array) },
    ]),
    ['direction', direction],
  ]);
  return interpreter(graph.slice(1))(given, sizes).map(({ data }) => [...data]);
}

/** Beyond the losses with random inputs, one or more of each family, at core's points. */
const families = [
  ...['logCosh', 'generalRobust', 'gaussianNll', 'tweedieDeviance', 'focal', 'asymmetric', 'logitAdjusted'],
  ...['jsDivergence', 'sinkhorn', 'cosineSimilarity', 'mahalanobis', 'cosFace', 'npcFace', 'infoNce', 'vicReg', 'clip'],
  ...['dice', 'tversky', 'giou', 'ciou', 'listMle', 'approxNdcg', 'dpo', 'distillation', 'rnnt', 'elasticNet'],
];
const twice = [
  ...sampled.map((id) => [id, sample(makeLoss(catalogue.get(id)!, {}), { optional: false })] as const),
  ...pointSamples()
    .filter(({ loss }) => families.includes(loss.id))
    .map((given) => [given.name, given] as const),
].filter(([, { gradients }]) => gradients.length > 0);

describe.each(runtimes)('%s', (_id, runtime, reason) => {
  const run = (name: string, work: () => void) =>
    test.skipIf(runtime === undefined)(`${name} ${reason}`, () => {
      withoutLeaks(runtime!, () => tf.tidy(work));
    });

  run('the value and every gradient, by position and by name', () => {
    const { anchor, positive, negative } = tensors(sample(tripletMargin()));
    const given = sample(tripletMargin());
    const want = evaluate(tripletMargin(), given.inputs, { gradients: given.gradients });
    const loss = tfLoss(tf, tripletMargin());
    const positional = tf.valueAndGrads((a, p, n) => loss(a!, p!, n!) as tf.Scalar)([anchor!, positive!, negative!]);
    close(numbers(positional.value), want.value.data);
    positional.grads.forEach((g, k) => {
      close(numbers(g), want.gradients[given.gradients[k]!]!.data);
    });
    const named = tf.grads((n, a, p) => loss({ anchor: a, positive: p, negative: n }))([negative!, anchor!, positive!]);
    close(numbers(named[0]!), want.gradients.negative!.data);
  });

  run('an upstream cotangent of the shape of none', () => {
    const loss = tfLoss(tf, mse({ reduction: 'none' }));
    const [x, y] = [tf.tensor([1, 2, 3]), tf.tensor([0, 0, 1])];
    expect(numbers(tf.grad((input) => loss(input, y))(x, tf.tensor([1, 10, 100])))).toEqual([2, 40, 400]);
    // And through what comes before and after.
    expect(numbers(tf.grad((input) => tf.sum(tf.mul(loss(tf.mul(input, 2), y), 3)))(x))).toEqual([24, 48, 60]);
  });

  run('weights, masks and labels', () => {
    const input = tf.tensor([
      [1, 2],
      [3, 4],
    ]);
    const [target, weight, mask] = [tf.zerosLike(input), tf.tensor([[1], [2]]), tf.tensor([true, false], [2], 'bool')];
    const given = {
      input: [
        [1, 2],
        [3, 4],
      ],
      target: [
        [0, 0],
        [0, 0],
      ],
      weight: [[1], [2]],
      mask: [true, false],
    };
    const want = evaluate(huber(), given, { gradients: ['input', 'weight'] });
    const loss = tfLoss(tf, huber());
    const { value, grads } = tf.valueAndGrads((x, w) => loss({ input: x!, target, weight: w!, mask }) as tf.Scalar)([
      input,
      weight,
    ]);
    close(numbers(value), want.value.data);
    close(numbers(grads[0]!), want.gradients.input!.data);
    close(numbers(grads[1]!), want.gradients.weight!.data);
    const labels = tf.tensor([1, 0], [2], 'int32');
    const classes = tfLoss(tf, crossEntropy({ reduction: 'none' }));
    const hard = evaluate(
      crossEntropy({ reduction: 'none' }),
      {
        input: [
          [1, 2],
          [3, 4],
        ],
        target: [1, 0],
      },
      { gradients: ['input'] },
    );
    close(numbers(classes(input, labels)), hard.value.data);
    close(numbers(tf.grad((x) => classes(x, labels))(input)), hard.gradients.input!.data);
  });

  run('made inside the function that is differentiated, and tidied there', () => {
    const loss = tfLoss(tf, crossEntropy());
    const g = tf.grad((x) => tf.tidy(() => loss(tf.add(x, 1), tf.tensor([0, 2], [2], 'int32'))))(
      tf.tensor([
        [1, 2, 3],
        [0, 0, 1],
      ]),
    );
    const want = evaluate(
      crossEntropy(),
      {
        input: [
          [2, 3, 4],
          [1, 1, 2],
        ],
        target: [0, 2],
      },
      { gradients: ['input'] },
    );
    close(numbers(g), want.gradients.input!.data);
  });

  run('an illegal label is NaN in its own element only', () => {
    const loss = tfLoss(tf, crossEntropy({ reduction: 'none' }));
    const [x, y] = [
      tf.tensor([
        [1, 2],
        [3, 5],
        [1, 1],
      ]),
      tf.tensor([0, 7, 1], [3], 'int32'),
    ];
    const want = evaluate(
      crossEntropy({ reduction: 'none' }),
      {
        input: [
          [1, 2],
          [3, 5],
          [1, 1],
        ],
        target: [0, 0, 1],
      },
      { gradients: ['input'] },
    );
    const bad = (list: ArrayLike<number>, from: number, to: number) =>
      Array.from(list, (v, k) => (k >= from && k < to ? NaN : v));
    close(numbers(loss(x, y)), bad(want.value.data, 1, 2));
    close(numbers(tf.grad((input) => loss(input, y))(x)), bad(want.gradients.input!.data, 2, 4));
  });

  run('shapes and dtypes are checked', () => {
    const loss = tfLoss(tf, crossEntropy());
    const x = tf.tensor([
      [1, 2],
      [3, 4],
    ]);
    const failing: readonly (readonly [string, () => TfTensor])[] = [
      ['BAD_DTYPE', () => loss(x, tf.tensor([0, 1]))],
      ['SHAPE_MISMATCH', () => loss(x, tf.tensor([0, 1, 1], [3], 'int32'))],
      ['MISSING_INPUT', () => loss(x)],
      ['UNKNOWN_INPUT', () => loss({ input: x, target: x, weights: x })],
      ['UNKNOWN_INPUT', () => loss(x, x, undefined, undefined, x)],
      ['RANK_MISMATCH', () => loss(x, tf.tensor(0, [], 'int32'))],
      ['BAD_TENSOR', () => loss(x, [0, 1] as never)],
      [
        'BAD_OPTION',
        () =>
          tfLoss(tf, ctc({ blank: 9 }))(
            tf.ones([3, 1, 2]),
            tf.zeros([1, 1], 'int32'),
            tf.ones([1], 'int32'),
            tf.ones([1], 'int32'),
          ),
      ],
    ];
    for (const [code, call] of failing) expect(call, code).toThrow(expect.objectContaining({ code }));
  });

  for (const [name, given] of twice)
    run(`first and second derivatives of ${name}`, () => {
      const { loss } = given;
      const inputs = tensors(given);
      const f = tfLoss(tf, loss);
      const wrt = given.gradients.map((name) => inputs[name]!);
      const at = (xs: TfTensor[]) =>
        f({ ...inputs, ...Object.fromEntries(given.gradients.map((name, k) => [name, xs[k]!])) });
      const want = evaluate(loss, given.inputs, { gradients: given.gradients });
      const first = tf.grads((...xs) => at(xs))(wrt);
      first.forEach((g, k) => {
        close(numbers(g), want.gradients[given.gradients[k]!]!.data);
      });
      const of = given.gradients[0]!;
      const direction = given.inputs[of]!.data.map((_, k) => Math.fround(Math.sin(k + 1)));
      const along = tf.tensor(direction as Float32Array, [...given.inputs[of]!.shape]);
      const inner = (xs: TfTensor[]) => tf.sum(tf.mul(along, tf.grad((x) => at([x, ...xs.slice(1)]))(xs[0]!)));
      const second = tf.grads((...xs) => inner(xs))(wrt);
      const exact = secondDerivative(given, of, {
        shape: given.inputs[of]!.shape,
        data: Float64Array.from(direction),
      });
      // A NaN would be equal on both sides: where the first derivatives are finite, so are these.
      if (given.gradients.every((name) => want.gradients[name]!.data.every(Number.isFinite)))
        expect(exact.flat().filter((x) => !Number.isFinite(x))).toEqual([]);
      second.forEach((g, k) => {
        close(numbers(g), exact[k]!, 1e-3);
      });
    });

  for (const given of pointSamples())
    run(`value and gradients of ${given.name}`, () => {
      const inputs = tensors(given);
      const f = tfLoss(tf, given.loss);
      const want = evaluate(given.loss, given.inputs, { gradients: given.gradients });
      close(numbers(f(inputs)), want.value.data);
      if (given.gradients.length === 0) return;
      const at = (...xs: TfTensor[]) =>
        f({ ...inputs, ...Object.fromEntries(given.gradients.map((name, k) => [name, xs[k]!])) });
      tf.grads(at)(given.gradients.map((name) => inputs[name]!)).forEach((g, k) => {
        close(numbers(g), want.gradients[given.gradients[k]!]!.data);
      });
    });

  run('third derivatives', () => {
    // d³/dx³ of log(1 + eˣ) at 1 is p(1−p)(1−2p), and of the loss with target 0 that is all.
    const loss = tfLoss(tf, sigmoidFocal({ gamma: 0, alpha: null, reduction: 'sum' }));
    const zero = tf.tensor([0]);
    const f = (x: TfTensor) => loss(x, zero);
    const third = tf.grad((x) => tf.grad((y) => tf.grad(f)(y))(x))(tf.tensor([1]));
    const p = 1 / (1 + Math.exp(-1));
    close(numbers(third), [p * (1 - p) * (1 - 2 * p)]);
  });
});
