import { BinaryReader } from '@bufbuild/protobuf/wire';
import { crossEntropy, evaluate, LossInputError, mse, UnsupportedError } from '@isoloss/core';
import * as ort from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { type AttachOptions, attachLoss, describeModel } from '../src/index.ts';
import { Message } from '../src/wire.ts';
import { fixture, float32, float64, int64, run, some, values } from './attach-run.ts';
import { identity } from './build.ts';

// Models that others have made: tools/exported-model writes them, by PyTorch's exporters and by ONNX's own helper.

/** The fields of a message as a protobuf library cuts them: number and bytes. */
function fieldsOf(bytes: Uint8Array): { field: number; content: Uint8Array }[] {
  const reader = new BinaryReader(bytes);
  const found = [];
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    const from = reader.pos;
    reader.skip(type, field);
    found.push({ field, content: bytes.subarray(from, reader.pos) });
  }
  return found;
}
const graphIn = (bytes: Uint8Array) => {
  const reader = new BinaryReader(fieldsOf(bytes).find(({ field }) => field === 7)!.content);
  return reader.bytes();
};

/** All but the graph and the IR version is there as it was, in its order; the graph begins as it was. */
function expectPassedOn(before: Uint8Array, after: Uint8Array): void {
  const rest = (bytes: Uint8Array) => fieldsOf(bytes).filter(({ field }) => field !== 7 && field !== 1);
  const kept = rest(before);
  expect(rest(after).slice(0, kept.length)).toEqual(kept);
  const graph = graphIn(before);
  expect(Buffer.compare(graphIn(after).subarray(0, graph.length), graph)).toBe(0);
}

const attached = (name: string, options: AttachOptions = { logits: 'output', gradients: true }) => {
  const model = attachLoss(fixture(name), crossEntropy(), options);
  expectPassedOn(fixture(name), model);
  return model;
};

describe('models that PyTorch exports', () => {
  const labels = [3, 0];
  const image = some(2, 4);

  test.each([
    ['dynamo-18', 'float32', 1e-6],
    ['dynamo-20', 'float32', 1e-6],
    ['dynamo-23', 'float32', 1e-6],
    ['script-14', 'float32', 1e-6],
    ['script-17', 'float32', 1e-6],
    ['static', 'float32', 1e-6],
    ['float64', 'float64', 1e-14],
  ] as const)('%s', async (name, dtype, tolerance) => {
    const feed = dtype === 'float64' ? float64([2, 4], image) : float32([2, 4], image);
    const before = await run(fixture(name), { image: feed });
    const got = await run(attached(name), { image: feed, target: int64(...labels) });
    expect(Object.keys(got)).toEqual(['output', 'features', 'loss', 'd_output']);
    expect(values(got.output!)).toEqual(values(before.output!));
    expect(values(got.features!)).toEqual(values(before.features!));
    const expected = evaluate(
      crossEntropy(),
      { input: { dtype, shape: [2, 5], data: values(before.output!) }, target: labels },
      { gradients: ['input'] },
    );
    expect(got.loss!.type).toBe(dtype);
    expect(Math.abs(values(got.loss!)[0]! - expected.value.data[0]!)).toBeLessThan(tolerance);
    values(got.d_output!).forEach((x, k) => {
      expect(Math.abs(x - expected.gradients.input!.data[k]!)).toBeLessThan(tolerance);
    });
  });

  test('half precision: the loss and its gradient are float32', async () => {
    const model = attached('float16');
    const { outputs } = describeModel(model);
    expect(outputs.map(({ name, dtype }) => `${name} ${dtype}`)).toEqual([
      'output float16',
      'features float16',
      'loss float32',
      'd_output float32',
    ]);
    const feeds = {
      image: new ort.Tensor('float16', Uint16Array.from(Array(8).fill(0x3c00)), [2, 4]),
      target: int64(0, 1),
    };
    const { loss, d_output } = await run(model, feeds);
    expect(values(loss!)[0]).toBeGreaterThan(0.1);
    expect(d_output!.dims).toEqual([2, 5]);
  });

  test('sizes have the exporter’s names, or its numbers', () => {
    const target = (name: string) =>
      describeModel(attached(name)).inputs.find((input) => input.name === 'target')!.shape;
    expect(target('dynamo-18')).toEqual(['batch']);
    expect(target('script-17')).toEqual(['batch']);
    expect(target('static')).toEqual([2]);
  });

  test('inner tensors, where their type is known or given', async () => {
    const inner = attachLoss(fixture('dynamo-18'), mse(), { inputs: { input: 'linear' }, gradients: ['linear'] });
    expect(describeModel(inner).outputs.at(-1)).toEqual({ name: 'd_linear', dtype: 'float32', shape: ['batch', 3] });
    const name = '/hidden/Gemm_output_0';
    const script = (options: AttachOptions) =>
      attachLoss(fixture('script-17'), mse(), { inputs: { input: name }, gradients: [name], ...options });
    expect(() => script({})).toThrow(`the model does not say the rank of ${name}: give it, as in ranks: { input: 2 }`);
    const model = script({ ranks: { input: 2 } });
    const got = await run(model, { image: float32([2, 4], image), target: float32([2, 3], Array(6).fill(0)) });
    expect(got[`d_${name}`]!.dims).toEqual([2, 3]);
    // relu of it is `features`.
    const features = values(got.features!);
    values(got[`d_${name}`]!).forEach((x, k) => {
      expect(Math.max(x * 3, 0)).toBeCloseTo(features[k]!, 5);
    });
  });
});

describe('models of other makers', () => {
  const x = float32([2, 3], [1, 2, 3, 4, 5, 6]);
  /** y = x + 1 against zeros. */
  const square = 4 + 9 + 16 + 25 + 36 + 49;
  const sum = mse({ reduction: 'sum' });
  const target = float32([2, 3], Array(6).fill(0));
  const withLoss = (name: string, options: AttachOptions = { logits: 'y', gradients: ['y'] }) => {
    const model = attachLoss(fixture(`odd-${name}`), sum, options);
    expectPassedOn(fixture(`odd-${name}`), model);
    return model;
  };

  test.each(['function', 'old-ir', 'bfloat16', 'labels'])('%s', async (name) => {
    const got = await run(withLoss(name), { x, target });
    expect(values(got.loss!)).toEqual([square]);
    expect(values(got.d_y!)).toEqual([4, 6, 8, 10, 12, 14]);
  });

  test('branches whose inner names and sizes are those that a loss would take', async () => {
    const model = attachLoss(fixture('odd-branches'), crossEntropy(), { logits: 'y', gradients: true });
    expect(describeModel(model).inputs.map(({ name, shape }) => [name, shape])).toEqual([
      ['x', ['batch', 3]],
      ['which', []],
      ['target', ['batch']],
    ]);
    const which = (value: number) => new ort.Tensor('bool', Uint8Array.of(value), []);
    const one = await run(model, { x, which: which(1), target: int64(0, 1) });
    const other = await run(model, { x, which: which(0), target: int64(0, 1) });
    expect(values(one.y!)[0]).toBe(2);
    expect(values(other.y!)[0]).toBe(0);
    expect(values(one.loss!)[0]).toBeCloseTo(values(other.loss!)[0]!, 6);
  });

  test('external data stays where it is', async () => {
    const options = { externalData: [{ path: 'one.bin', data: new Uint8Array(Float32Array.of(1).buffer) }] };
    const got = await run(withLoss('external'), { x, target }, options);
    expect(values(got.loss!)).toEqual([square]);
  });

  test('a model of other operations alone gets ONNX’s', async () => {
    const model = attachLoss(fixture('odd-custom-only'), sum, { logits: 'y' });
    expect(describeModel(fixture('odd-custom-only')).opset).toBeUndefined();
    expect(describeModel(model).opset).toBe(18);
    const { y, loss } = await run(model, { x, target });
    expect(values(loss!)[0]).toBeCloseTo(
      values(y!).reduce((total, value) => total + value ** 2, 0),
      3,
    );
  });

  test('an IR version in which weights are inputs is raised', () => {
    expect([describeModel(fixture('odd-old-ir')).irVersion, describeModel(withLoss('old-ir')).irVersion]).toEqual([
      3, 4,
    ]);
  });

  test('ranks that the model does not say are given', async () => {
    expect(() => withLoss('no-ranks')).toThrow(
      'the model does not say the rank of y: give it, as in ranks: { input: 2 }',
    );
    const model = withLoss('no-ranks', { logits: 'y', ranks: { input: 2 }, gradients: true });
    expect(describeModel(model).inputs.at(-1)).toEqual({ name: 'target', dtype: 'float32', shape: ['N', 'D1'] });
    expect(values((await run(model, { x, target })).loss!)).toEqual([square]);
  });

  test('outputs that are inputs or weights', async () => {
    const model = withLoss('straight', {
      logits: 'x',
      inputs: { target: 'x' },
      ranks: { weight: 1 },
      gradients: ['weight'],
    });
    const got = await run(model, { x, weight: float32([3], [1, 1, 1]) });
    expect(values(got.loss!)).toEqual([0]);
    const weight = attachLoss(fixture('odd-straight'), sum, { logits: 'one', gradients: true });
    expect(values((await run(weight, { x, target: float32([1], [3]) })).d_one!)).toEqual([-4]);
  });

  test('what is no tensor, or of the wrong type, is refused', () => {
    expect(() => withLoss('sequence', { logits: 'parts' })).toThrow(
      'gives parts as a sequence, not a tensor; its outputs: y float32 (batch, 3), parts a sequence',
    );
    expect(() => withLoss('labels', { logits: 'best' })).toThrow(
      'input of rank 1 must be of a floating-point type, and best is int64',
    );
  });

  test('labels of the model are taken, whatever their width', async () => {
    const model = attachLoss(fixture('odd-labels'), crossEntropy(), { inputs: { input: 'y', target: 'best' } });
    expect(describeModel(model).inputs.map(({ name }) => name)).toEqual(['x']);
    expect(values((await run(model, { x })).loss!)[0]).toBeCloseTo(Math.log(1 + Math.exp(-1) + Math.exp(-2)), 5);
  });
});

describe('what can’t be added to', () => {
  const attach = (bytes: Uint8Array) => attachLoss(bytes, crossEntropy(), { logits: 'output' });
  const text = (content: string) => new TextEncoder().encode(content);
  const good = fixture('dynamo-18');

  test('an opset that is too old or too new is refused with what to do', () => {
    expect(() => attach(fixture('script-13'))).toThrow(UnsupportedError);
    expect(() => attach(fixture('script-13'))).toThrow(
      /opset 13, and a loss needs 14: export it with opset_version=18, or/,
    );
    expect(() => attach(identity(['N', 'C'], { opset: 27 }))).toThrow(/opset 27; this version knows opsets to 26/);
  });

  test.each([
    ['nothing', new Uint8Array(), /it is empty/],
    ['a checkpoint', text('PK\x03\x04 and so on'), /checkpoint of PyTorch perhaps; export it with torch\.onnx\.export/],
    ['the format of ORT', text('\x20\0\0\0ORTM\0\0'), /in the format of ORT/],
    ['a text', text('# a model\nlayers: 3\n'), /not an ONNX model/],
    ['JSON', text('{"modelTopology": {}}'), /not an ONNX model/],
    ['a picture', Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10), /not an ONNX model/],
    ['a loss of no graph', new Message().int(1, 8).finish(), /it has no graph/],
    ['a graph of no outputs', new Message().int(1, 8).message(7, new Message().string(2, 'g')).finish(), /no outputs/],
  ])('%s', (_, bytes, message) => {
    expect(() => attach(bytes)).toThrow(LossInputError);
    expect(() => attach(bytes)).toThrow(
      expect.objectContaining({ code: 'BAD_FILE', message: expect.stringMatching(message) }),
    );
  });

  test('every beginning of a model is an error that says so, or a model that lacks its end', () => {
    let refused = 0;
    for (let length = 0; length < good.length; length += 3) {
      try {
        attach(good.subarray(0, length));
      } catch (error) {
        expect(error).toBeInstanceOf(LossInputError);
        expect(error).toMatchObject({ code: 'BAD_FILE' });
        refused++;
      }
    }
    // What follows the graph is metadata and the opset.
    expect(refused).toBeGreaterThan(0.9 * (good.length / 3));
  });

  test('no bytes, however wrong, end in anything but an error of ours', { timeout: 120_000 }, () => {
    let state = 1;
    const random = (below: number) => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    let refused = 0;
    for (let k = 0; k < 400; k++) {
      const bytes = Uint8Array.from(good);
      for (let n = 0; n <= random(4); n++) bytes[random(bytes.length)] = random(256);
      try {
        attach(bytes);
      } catch (error) {
        expect(['LossInputError', 'UnsupportedError'], `draw ${k}: ${error}`).toContain((error as Error).name);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(20);
  });

  test('what would not fit into an ONNX file is refused, and large weights are stepped over', () => {
    // A model with a weight of 2 GiB less a little, of which nobody reads a byte.
    const size = 2 ** 31 - 2048;
    const weight = new Message().int(1, size).int(2, 2).string(8, 'w').header(9, size).finish();
    const output = new Message()
      .string(1, 'output')
      .message(
        2,
        new Message().message(
          1,
          new Message()
            .int(1, 1)
            .message(
              2,
              new Message().message(1, new Message().string(2, 'N')).message(1, new Message().string(2, 'C')),
            ),
        ),
      );
    const after = new Message()
      .message(12, output)
      .message(1, new Message().string(2, 'output').string(4, 'Any'))
      .finish();
    const before = new Message().header(5, weight.length + size).finish();
    const head = new Message()
      .int(1, 8)
      .message(8, new Message().string(1, '').int(2, 18))
      .header(7, before.length + weight.length + size + after.length)
      .finish();
    const bytes = new Uint8Array(head.length + before.length + weight.length + size + after.length);
    bytes.set([...head, ...before, ...weight]);
    bytes.set(after, bytes.length - after.length);
    expect(() => attach(bytes)).toThrow(/an ONNX file has at most 2147483647: save its weights as external data first/);
  });
});
