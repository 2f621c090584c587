import {
  combine,
  crossEntropy,
  ctc,
  defineLoss,
  evaluate,
  huber,
  inputs as kinds,
  mse,
  tripletMargin,
} from '@isoloss/core';
import { describe, expect, test } from 'vitest';
import { type AttachOptions, attachLoss, describeModel, toOnnx } from '../src/index.ts';
import { fixture, float32, float64, int64, run, some, values } from './attach-run.ts';
import { identity, node, testModel } from './build.ts';
import { readModel } from './read.ts';

const interfaceOf = (bytes: Uint8Array) => {
  const { inputs, outputs } = describeModel(bytes);
  const line = ({ name, dtype, shape }: (typeof inputs)[number]) => `${name} ${dtype} (${shape?.join(', ')})`;
  return { inputs: inputs.map(line), outputs: outputs.map(line) };
};
const recordOf = (bytes: Uint8Array, output = 'loss') =>
  JSON.parse(readModel(bytes).metadataProps.find(({ key }) => key === `isoloss.attached.${output}`)!.value);
const close = (got: readonly number[], expected: ArrayLike<number>, tolerance = 1e-6) => {
  expect(got.length).toBe(expected.length);
  got.forEach((x, k) => {
    expect(Math.abs(x - expected[k]!), `[${k}] is ${x}, not ${expected[k]}`).toBeLessThanOrEqual(tolerance);
  });
};
const attempt = (model: Uint8Array, options: AttachOptions, loss = crossEntropy()) => {
  try {
    attachLoss(model, loss, options);
  } catch (error) {
    const { name, code, message, input } = error as Error & { code?: string; input?: string };
    return { name, code, message, input };
  }
  return undefined;
};

const logits = identity(['batch', 5]);
const rows = some(3, 5);

describe('attachLoss', () => {
  test('gives what the model gave, then loss and gradient, from one session', async () => {
    const model = attachLoss(logits, crossEntropy(), { logits: 'output', gradients: true });
    expect(interfaceOf(model)).toEqual({
      inputs: ['x float32 (batch, 5)', 'target int64 (batch)'],
      outputs: ['output float32 (batch, 5)', 'loss float32 ()', 'd_output float32 (batch, 5)'],
    });
    const expected = evaluate(
      crossEntropy(),
      { input: { dtype: 'float32', shape: [3, 5], data: rows }, target: [4, 0, 2] },
      { gradients: ['input'] },
    );
    const got = await run(model, { x: float32([3, 5], rows), target: int64(4, 0, 2) });
    expect(Object.keys(got)).toEqual(['output', 'loss', 'd_output']);
    expect(values(got.output!)).toEqual(rows);
    close(values(got.loss!), expected.value.data);
    close(values(got.d_output!), expected.gradients.input!.data);
  });

  test('computes the very numbers of toOnnx', async () => {
    const alone = toOnnx(crossEntropy(), { inputs: { input: 2, target: 1 }, gradients: ['input'] });
    const one = await run(alone, { input: float32([3, 5], rows), target: int64(4, 0, 2) });
    const model = attachLoss(logits, crossEntropy(), { logits: 'output', gradients: ['output'] });
    const other = await run(model, { x: float32([3, 5], rows), target: int64(4, 0, 2) });
    expect([values(other.loss!), values(other.d_output!)]).toEqual([values(one.value!), values(one.d_input!)]);
  });

  test('is the same bytes for the same arguments, and says in its metadata what it is', () => {
    const options: AttachOptions = { logits: 'output', gradients: true, ranks: { weight: 1 } };
    const loss = crossEntropy({ labelSmoothing: 0.1 });
    const model = attachLoss(logits, loss, options);
    expect(attachLoss(logits, loss, options)).toEqual(model);
    expect(recordOf(model)).toMatchObject({
      loss: 'crossEntropy',
      options: { labelSmoothing: 0.1, reduction: 'mean' },
      inputs: { input: 'output', target: 'target', weight: 'weight' },
      gradients: ['output', 'weight'],
      guard: true,
      upstream: false,
    });
    expect(readModel(model).metadataProps[0]).toEqual({ key: 'author', value: 'somebody' });
  });

  test('takes several tensors of the model, its inputs and weights too', async () => {
    // An autoencoder: what goes in is what should come out.
    const model = testModel({
      inputs: { image: ['n', 4] },
      outputs: { decoded: ['m', 4], code: ['n', 4] },
      nodes: [node('Neg', ['image'], ['code']), node('Neg', ['code'], ['decoded'])],
    });
    const attached = attachLoss(model, mse(), { inputs: { input: 'decoded', target: 'image' }, gradients: true });
    expect(interfaceOf(attached)).toEqual({
      inputs: ['image float32 (n, 4)'],
      outputs: [
        'decoded float32 (m, 4)',
        'code float32 (n, 4)',
        'loss float32 ()',
        'd_decoded float32 (m, 4)',
        'd_image float32 (m, 4)',
      ],
    });
    const { loss } = await run(attached, { image: float32([2, 4], some(2, 4)) });
    expect(values(loss!)).toEqual([0]);

    const embeddings = attachLoss(fixture('dynamo-18'), tripletMargin(), {
      inputs: { anchor: 'features', positive: 'features' },
      gradients: ['features', 'negative'],
    });
    expect(interfaceOf(embeddings).inputs).toEqual(['image float32 (batch, 4)', 'negative float32 (batch, 3)']);
    expect(interfaceOf(embeddings).outputs.slice(-2)).toEqual([
      'd_features float32 (batch, 3)',
      'd_negative float32 (batch, 3)',
    ]);
  });

  test('a tensor that is two inputs has the gradient of both', async () => {
    const loss = defineLoss({
      id: 'product',
      inputs: { a: kinds.float('...'), b: kinds.float('...') },
      formula: ({ a, b }) => a.mul(b),
    });
    const model = attachLoss(identity(['n']), loss({ reduction: 'sum' }), {
      inputs: { a: 'output', b: 'output' },
      gradients: true,
    });
    const { loss: value, d_output } = await run(model, { x: float32([3], [1, -2, 3]) });
    expect(values(value!)).toEqual([14]);
    expect(values(d_output!)).toEqual([2, -4, 6]);
  });

  test('takes losses made of losses, and those with a scan', async () => {
    const both = combine({ hard: [1, crossEntropy()], soft: [0.5, mse(), { target: 'teacher' }] });
    const combined = attachLoss(logits, both, { logits: 'output', ranks: { teacher: 2 }, gradients: true });
    expect(interfaceOf(combined).inputs).toEqual([
      'x float32 (batch, 5)',
      'target int64 (batch)',
      'teacher float32 (batch, 5)',
    ]);
    const frames = attachLoss(identity(['T', 'N', 'C']), ctc(), { logits: 'output', gradients: true });
    expect(interfaceOf(frames).inputs.slice(1)).toEqual([
      'targets int64 (N, S)',
      'inputLengths int64 (N)',
      'targetLengths int64 (N)',
    ]);
    const got = await run(frames, {
      x: float32([4, 1, 3], Array(12).fill(Math.log(1 / 3))),
      targets: new (await import('onnxruntime-node')).Tensor('int64', BigInt64Array.of(1n, 2n), [1, 2]),
      inputLengths: int64(4),
      targetLengths: int64(2),
    });
    expect(got.d_output!.dims).toEqual([4, 1, 3]);
    expect(values(got.loss!)[0]).toBeGreaterThan(0);
  });

  test('a label that is none makes its own element NaN, unless left out', async () => {
    const none = crossEntropy({ reduction: 'none' });
    const feeds = { x: float32([2, 5], some(2, 5)), target: int64(7, 1) };
    const guarded = await run(attachLoss(logits, none, { logits: 'output', gradients: true }), feeds);
    expect(values(guarded.loss!).map(Number.isNaN)).toEqual([true, false]);
    expect(values(guarded.d_output!).map(Number.isNaN)).toEqual([...Array(5).fill(true), ...Array(5).fill(false)]);
    const [smaller, larger] = [false, true].map(
      (guard) => attachLoss(logits, none, { logits: 'output', guard }).length,
    );
    expect(smaller).toBeLessThan(larger!);
  });

  test('takes a cotangent, int32 labels, and computes in float64', async () => {
    const model = attachLoss(logits, crossEntropy({ reduction: 'none' }), {
      logits: 'output',
      gradients: true,
      upstream: true,
      labels: 'int32',
      dtype: 'float64',
    });
    expect(interfaceOf(model)).toEqual({
      inputs: ['x float32 (batch, 5)', 'target int32 (batch)', 'upstream float64 (batch)'],
      outputs: ['output float32 (batch, 5)', 'loss float64 (batch)', 'd_output float64 (batch, 5)'],
    });
    const { Tensor } = await import('onnxruntime-node');
    const { d_output } = await run(model, {
      x: float32([2, 5], some(2, 5)),
      target: new Tensor('int32', Int32Array.of(1, 2), [2]),
      upstream: float64([2], [0, -3]),
    });
    const gradient = values(d_output!);
    expect(gradient.slice(0, 5).map(Math.abs)).toEqual([0, 0, 0, 0, 0]);
    expect(gradient[7]).toBeGreaterThan(0);
  });

  test('optional inputs come where they are asked for', () => {
    const asked = attachLoss(logits, crossEntropy(), { logits: 'output', inputs: { weight: true } });
    expect(interfaceOf(asked).inputs).toEqual(['x float32 (batch, 5)', 'target int64 (batch)', 'weight float32 (5)']);
    const soft = attachLoss(logits, crossEntropy(), { logits: 'output', ranks: { target: 2 } });
    expect(interfaceOf(soft).inputs[1]).toBe('target float32 (batch, 5)');
    const spread = attachLoss(logits, mse(), { logits: 'output', ranks: { weight: { rank: 2, ones: [0] } } });
    expect(interfaceOf(spread).inputs[2]).toBe('weight float32 (1, 5)');
  });
});

describe('a shape that does not fit', () => {
  const model = identity(['n', 'd']);
  const attached = attachLoss(model, mse(), { logits: 'output', gradients: true });
  const alone = toOnnx(mse(), { inputs: { input: 2, target: 2 }, gradients: ['input'] });
  const labelled = attachLoss(model, crossEntropy(), { logits: 'output', ranks: { weight: 1 } });
  const x = float32([3, 5], rows);

  test.each([
    [1, 5],
    [3, 1],
    [5, 3],
    [2, 5],
    [0, 5],
  ])('is an error: a target of (%i, %i) to (3, 5)', async (...shape) => {
    const target = float32(shape, some(...shape));
    const message = /Name:'(mse\/)?the shape of target does not fit'/;
    await expect(run(attached, { x, target })).rejects.toThrow(message);
    await expect(run(alone, { input: x, target })).rejects.toThrow(message);
  });

  test('of labels and weights too', async () => {
    const weight = float32([5], [1, 1, 1, 1, 1]);
    await expect(run(labelled, { x, weight, target: int64(1) })).rejects.toThrow(/shape of target does not fit/);
    const one = float32([1], [1]);
    await expect(run(labelled, { x, weight: one, target: int64(1, 2, 3) })).rejects.toThrow(
      /shape of weight does not fit/,
    );
    expect(values((await run(labelled, { x, weight, target: int64(1, 2, 3) })).loss!)[0]).toBeGreaterThan(0);
  });

  test('of a tensor of the model that is two inputs', async () => {
    const triplets = attachLoss(fixture('dynamo-18'), tripletMargin(), {
      inputs: { positive: 'features', negative: 'features' },
      gradients: ['anchor'],
    });
    const image = float32([2, 4], some(2, 4));
    const got = await run(triplets, { image, anchor: float32([2, 3], some(2, 3)) });
    expect(values(got.loss!)).toEqual([1]);
    const anchor = float32([1, 3], some(1, 3));
    await expect(run(triplets, { image, anchor })).rejects.toThrow(
      /shape of features \((positive|negative)\) does not fit/,
    );
  });

  test('fits where there is nothing', async () => {
    const got = await run(attached, { x: float32([0, 5], []), target: float32([0, 5], []) });
    expect(values(got.loss!)).toEqual([Number.NaN]);
    expect(got.d_output!.dims).toEqual([0, 5]);
  });
});

describe('names', () => {
  test('a second loss takes the target of the first, and has outputs of its own', async () => {
    const first = attachLoss(logits, crossEntropy(), { logits: 'output', gradients: true });
    const second = attachLoss(first, mse({ reduction: 'none' }), {
      logits: 'output',
      gradients: ['output'],
      inputs: { target: 'x' },
      names: { loss: 'distance', d_output: 'd_distance' },
    });
    expect(interfaceOf(second).inputs).toEqual(['x float32 (batch, 5)', 'target int64 (batch)']);
    const got = await run(second, { x: float32([3, 5], rows), target: int64(0, 1, 2) });
    expect(Object.keys(got)).toEqual(['output', 'loss', 'd_output', 'distance', 'd_distance']);
    expect(values(got.distance!).every((x) => x === 0)).toBe(true);
    expect([recordOf(second).loss, recordOf(second, 'distance').loss]).toEqual(['crossEntropy', 'mse']);
    // The same loss twice: inner names of the second are others.
    const twice = attachLoss(first, crossEntropy(), {
      logits: 'output',
      inputs: { target: 'target' },
      names: { loss: 'again' },
    });
    const both = await run(twice, { x: float32([3, 5], rows), target: int64(0, 1, 2) });
    expect(values(both.again!)).toEqual(values(both.loss!));
  });

  test.each([
    ['target', { target: ['batch'] }, { names: { target: 'labels' } }, 'labels'],
    ['loss', { loss: ['batch'] }, { names: { loss: 'cost' } }, undefined],
    ['d_output', { d_output: ['batch'] }, { names: { d_output: 'gradient' } }, undefined],
  ] as const)('%s taken is an error with a way out', async (name, outputs, way, input) => {
    const taken = testModel({
      inputs: { x: ['batch', 5] },
      outputs: { output: ['batch', 5], ...outputs },
      nodes: [node('Identity', ['x'], ['output']), node('ReduceL1', ['x'], [name], { keepdims: 0 })],
    });
    const options: AttachOptions = { logits: 'output', gradients: true };
    const error = attempt(taken, options);
    expect(error).toMatchObject({ code: 'BAD_OPTION', message: expect.stringContaining(`a tensor ${name} already`) });
    const model = attachLoss(taken, crossEntropy(), { ...options, ...way });
    if (input !== undefined) expect(describeModel(model).inputs.map((entry) => entry.name)).toContain(input);
    expect(() => describeModel(model)).not.toThrow();
  });

  test('a chosen name that is nobody’s, or none, is an error', () => {
    expect(attempt(logits, { logits: 'output', names: { lost: 'x' } })?.message).toMatch(/new are target, loss$/);
    expect(attempt(logits, { logits: 'output', names: { loss: '' } })?.message).toMatch(/is empty/);
    expect(attempt(logits, { logits: 'output', names: { loss: 'target' } })?.code).toBe('BAD_OPTION');
  });
});

describe('sizes', () => {
  test('are called as the model calls them, and numbers where it has numbers', () => {
    const fixed = attachLoss(identity([8, 10, 'height', 'width']), crossEntropy(), {
      logits: 'output',
      ranks: { weight: 1 },
    });
    expect(interfaceOf(fixed).inputs.slice(1)).toEqual(['target int64 (8, height, width)', 'weight float32 (10)']);
  });

  test('that the model has under the same name for something else get another one', async () => {
    // The model's N is what the loss calls C.
    const crossed = identity(['C', 'N']);
    const model = attachLoss(crossed, crossEntropy(), { logits: 'output', ranks: { weight: 1 }, gradients: true });
    expect(interfaceOf(model).inputs).toEqual(['x float32 (C, N)', 'target int64 (C)', 'weight float32 (N)']);
    const taken = attachLoss(identity(['T', 'batch', 'S']), ctc(), { logits: 'output' });
    expect(interfaceOf(taken).inputs[1]).toBe('targets int64 (batch, S_2)');
    const { loss } = await run(model, {
      x: float32([3, 5], rows),
      target: int64(0, 1, 4),
      weight: float32([5], [1, 1, 1, 1, 1]),
    });
    expect(values(loss!)[0]).toBeGreaterThan(0);
  });

  test('that can’t be are an error', () => {
    const model = testModel({
      inputs: { x: ['n', 4] },
      outputs: { a: ['n', 4], b: ['n', 3] },
      nodes: [node('Identity', ['x'], ['a']), node('Identity', ['x'], ['b'])],
    });
    const error = attempt(model, { inputs: { input: 'a', target: 'b' } }, huber());
    expect(error).toMatchObject({
      code: 'SHAPE_MISMATCH',
      input: 'target',
      message: 'b has 3 along axis 1 where target takes 4, as input has it',
    });
  });
});

describe('what does not fit is an error with a remedy', () => {
  test.each([
    [
      {},
      'MISSING_INPUT',
      "say which, as in { logits: 'output' }; the model's outputs: output float32 (batch, 5), features float32 (batch, 3)",
    ],
    [
      { logits: 'logits' },
      'UNKNOWN_INPUT',
      'the model has no tensor logits; its outputs: output float32 (batch, 5), features',
    ],
    [
      { logits: 'output', inputs: { labels: true } },
      'UNKNOWN_INPUT',
      'crossEntropy has no input labels; it has input, target, weight, mask',
    ],
    [{ logits: 'output', inputs: { labels: 'image' } }, 'UNKNOWN_INPUT', 'crossEntropy has no input labels'],
    [
      { logits: 'output', inputs: { input: 'features' } },
      'BAD_OPTION',
      'logits is input of crossEntropy, which inputs has too',
    ],
    [
      { logits: 'output', inputs: { target: 'head.bias' } },
      'BAD_DTYPE',
      'target of rank 1 must be of a type of whole numbers, and head.bias is float32',
    ],
    [
      { logits: 'output', ranks: { input: 3 } },
      'RANK_MISMATCH',
      "input can't have rank 3: it is output float32 (batch, 5)",
    ],
    [{ logits: 'output', ranks: { target: 4 } }, 'RANK_MISMATCH', 'target has rank 4'],
    [
      { logits: 'output', gradients: ['image'] },
      'UNKNOWN_INPUT',
      'no gradient by image: crossEntropy takes output (input), target (target)',
    ],
    [{ logits: 'output', gradients: ['target'] }, 'NOT_DIFFERENTIABLE', 'with respect to target: it is labels'],
  ] as [AttachOptions, string, string][])('%j', (options, code, message) => {
    expect(attempt(fixture('dynamo-18'), options)).toMatchObject({ code, message: expect.stringContaining(message) });
  });
});
