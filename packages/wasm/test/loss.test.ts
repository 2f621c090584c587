import {
  crossEntropy,
  ctc,
  evaluate,
  huber,
  LossInputError,
  type LossInputs,
  type LossResult,
  lossFromJSON,
  mse,
  type Tensor,
} from '@isoloss/core';
import { describe, expect, test } from 'vitest';
import { engineOf } from '../src/engine.ts';
import { type Into, type WasmEngine, type WasmTensor, wasmEngine, wasmLoss } from '../src/index.ts';
import { bitsOf, cases, expectWithinBounds, integers, Numbers, sameBits } from './cases.ts';

const float32 = (shape: number[], ...numbers: number[]): Tensor => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from(numbers),
});
const rows = { input: float32([2, 3], 1, 2, 3, 0.5, -1, 0.2), target: integers([2], 2) };
const memoryOf = (engine: WasmEngine): number => engineOf(engine).heap.memory.buffer.byteLength;
const errorOf = (action: () => unknown): LossInputError => {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(LossInputError);
    return error as LossInputError;
  }
  throw new Error('there was no error');
};

/** A copy in the engine's memory. */
function moved(engine: WasmEngine, { shape, dtype, data }: Tensor): WasmTensor {
  const tensor = engine.allocate(shape, dtype);
  tensor.data.set(data);
  return tensor;
}
const all = (engine: WasmEngine, inputs: Readonly<Record<string, Tensor>>) =>
  Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, moved(engine, tensor)]));
/** Room for results in the engine's memory. */
const roomFor = (engine: WasmEngine, { value, gradients }: LossResult): Into => ({
  value: engine.allocate(value.shape, value.dtype),
  gradients: Object.fromEntries(
    Object.entries(gradients).map(([name, { shape, dtype }]) => [name, engine.allocate(shape, dtype)]),
  ),
});

describe('inputs', () => {
  const loss = wasmLoss(crossEntropy(), { gradients: ['input'] });
  const wanted = loss.run(rows);

  test.each<[string, LossInputs]>([
    ['nested arrays', { input: [[1, 2, 3], [0.5, -1, 0.2]], target: [2, 2] }], // biome-ignore format: on one line
    ['rows of typed arrays', { input: [Float32Array.of(1, 2, 3), Float32Array.of(0.5, -1, 0.2)], target: Int32Array.of(2, 2) }], // biome-ignore format: on one line
    ['shape and numbers', { input: { shape: [2, 3], data: [1, 2, 3, 0.5, -1, 0.2] }, target: { dtype: 'int32', shape: [2], data: [2n, 2n] } }], // biome-ignore format: on one line
    ['float64', { input: { ...rows.input, dtype: 'float64', data: Float64Array.from([1, 2, 3, 0.5, -1, 0.2]) }, target: rows.target }], // biome-ignore format: on one line
    ['an input that is undefined', { ...rows, mask: undefined }],
    ['the same tensors again', rows],
  ])('%s', (_, inputs) => sameBits(loss.run(inputs), wanted));

  test('a typed array is one axis, a number a scalar', () => {
    const typed = wasmLoss(huber()).run({ input: Float32Array.of(1, 3), target: Float32Array.of(0, 1) });
    expect(typed).toEqual({ value: float32([], 1), gradients: {} });
    expect(wasmLoss(huber()).run({ input: 3, target: 1 }).value).toEqual(float32([], 1.5));
  });

  test('results are the caller’s own', () => {
    const [a, b] = [loss.run(rows), loss.run({ ...rows, target: integers([2], 0) })];
    sameBits(a, wanted);
    expect(bitsOf(b)).not.toEqual(bitsOf(wanted));
    expect(a.gradients.input!.data.buffer).not.toBe(b.gradients.input!.data.buffer);
  });

  test('float64 is computed in float64', () => {
    const inputs = { input: [[1 / 3, 2e-9, 3]], target: [1] };
    const own = wasmLoss(crossEntropy(), { dtype: 'float64', gradients: ['input'] });
    const result = own.run(inputs);
    expect([result.value.dtype, result.gradients.input!.dtype]).toEqual(['float64', 'float64']);
    expectWithinBounds(crossEntropy(), inputs, ['input'], 'float64', result);
    sameBits(own.run(inputs), result);
  });
});

describe('bad inputs are errors, also where the last ones were alike and good', () => {
  const loss = wasmLoss(crossEntropy(), { gradients: ['input'] });
  const good = { ...rows, mask: { dtype: 'bool', shape: [2], data: Uint8Array.of(1, 1) } } as const;
  const fresh = () => {
    loss.run(good);
    return loss;
  };

  test.each<[string, LossInputs, Partial<LossInputError>]>([
    ['a label', { ...good, target: { ...rows.target, data: Int32Array.of(0, 3) } }, { code: 'LABEL_OUT_OF_RANGE', input: 'target', index: 1 }], // biome-ignore format: on one line
    ['a negative label', { ...good, target: { ...rows.target, data: Int32Array.of(-1, 0) } }, { code: 'LABEL_OUT_OF_RANGE', input: 'target', index: 0 }], // biome-ignore format: on one line
    ['a bool that is neither 0 nor 1', { ...good, mask: { ...good.mask, data: Uint8Array.of(1, 2) } }, { code: 'BAD_TENSOR', input: 'mask', index: 1 }], // biome-ignore format: on one line
    ['labels that are float32', { ...good, target: float32([2], 0, 1) }, { code: 'BAD_DTYPE', input: 'target' }],
    ['data that the shape does not need', { ...good, input: float32([2, 3], 1, 2) }, { code: 'BAD_TENSOR', input: 'input' }], // biome-ignore format: on one line
    ['a row more', { ...good, input: float32([3, 3], 1, 2, 3, 4, 5, 6, 7, 8, 9) }, { code: 'SHAPE_MISMATCH' }],
    ['a missing input', { input: good.input, mask: good.mask }, { code: 'MISSING_INPUT', input: 'target' }],
    ['an input under another name', { input: good.input, mask: good.mask, targets: good.target }, { code: 'UNKNOWN_INPUT' }], // biome-ignore format: on one line
    ['an input too much', { ...good, margin: 1 }, { code: 'UNKNOWN_INPUT', input: 'margin' }],
    ['null', { ...good, input: null as never }, { code: 'BAD_TENSOR', input: 'input' }],
  ])('%s', (_, bad, error) => {
    expect(errorOf(() => fresh().run(bad))).toMatchObject(error);
    // As the reference has it.
    expect(errorOf(() => fresh().run(bad)).message).toBe(errorOf(() => evaluate(crossEntropy(), bad)).message);
  });

  test('a bad label behind a mask is none', () => {
    const inputs = {
      ...good,
      target: { ...rows.target, data: Int32Array.of(2, 99) },
      mask: { ...good.mask, data: Uint8Array.of(1, 0) },
    };
    sameBits(fresh().run(inputs), fresh().run({ ...inputs, target: rows.target }));
  });

  test('lengths, and values that a loss checks', () => {
    const inputs = {
      logProbs: new Numbers().floats([4, 1, 3], -2, 0),
      targets: integers([1, 2], 1),
      inputLengths: integers([1], 4),
      targetLengths: integers([1], 2),
    };
    const sequence = wasmLoss(ctc(), { gradients: ['logProbs'] });
    sequence.run(inputs);
    const long = errorOf(() => sequence.run({ ...inputs, inputLengths: integers([1], 5) }));
    expect(long).toMatchObject({ code: 'LENGTH_OUT_OF_RANGE', input: 'inputLengths', index: 0 });
    const binary = wasmLoss(lossFromJSON('bce'));
    binary.run({ input: float32([1], 0.5), target: float32([1], 1) });
    const outside = errorOf(() => binary.run({ input: float32([1], 1.5), target: float32([1], 1) }));
    expect(outside).toMatchObject({ code: 'VALUE_OUT_OF_DOMAIN', input: 'input', index: 0 });
  });

  test('after an error the loss goes on', () => {
    const before = bitsOf(fresh().run(good));
    errorOf(() => loss.run({ ...good, target: integers([2], 3) }));
    expect(bitsOf(loss.run(good))).toEqual(before);
  });

  test('of gradients that there are not', () => {
    const run = (gradients: string[]) => () => wasmLoss(crossEntropy(), { gradients }).run(rows);
    expect(errorOf(run(['target']))).toMatchObject({ code: 'NOT_DIFFERENTIABLE', input: 'target' });
    expect(errorOf(run(['weight']))).toMatchObject({ code: 'MISSING_INPUT', input: 'weight' });
  });
});

describe('into', () => {
  const loss = wasmLoss(mse(), { gradients: ['input'] });
  const inputs = { input: float32([3], 1, 2, 3), target: float32([3], 0, 0, 0) };
  const wanted = loss.run(inputs);

  test('results are written where they are wanted, and are what was given', () => {
    const into = { value: float32([], 9), gradients: { input: float32([3], 9, 9, 9) } };
    const result = loss.run(inputs, into);
    expect([result.value, result.gradients.input]).toEqual([wanted.value, wanted.gradients.input]);
    expect(result.value).toBe(into.value);
    expect(result.gradients.input).toBe(into.gradients.input);
  });

  test('some of them', () => {
    const value = float32([], 0);
    expect(loss.run(inputs, { value }).value).toBe(value);
    sameBits(loss.run(inputs, { value }), wanted);
    const input = float32([3], 0, 0, 0);
    expect(loss.run(inputs, { gradients: { input } }).gradients.input).toBe(input);
    expect(input).toEqual(wanted.gradients.input);
    sameBits(loss.run(inputs, { gradients: { input: undefined } }), wanted);
  });

  test.each<[string, Into, string]>([
    ['too short', { gradients: { input: float32([2], 0, 0) } }, 'input needs a float32 array of 3 numbers to be written to, not a float32 one of 2'], // biome-ignore format: on one line
    ['too long', { value: float32([2], 0, 0) }, 'value needs a float32 array of 1 numbers to be written to, not a float32 one of 2'], // biome-ignore format: on one line
    ['of another dtype', { value: { dtype: 'float64', shape: [], data: new Float64Array(1) } }, 'value needs a float32 array of 1 numbers to be written to, not a float64 one of 1'], // biome-ignore format: on one line
  ])('%s: an error, and nothing is written', (_, into, message) => {
    const value = into.value ?? float32([], 7);
    const before = [...value.data];
    expect(() => loss.run(inputs, { ...into, value })).toThrow(new RangeError(message));
    expect([...value.data]).toEqual(before);
    sameBits(loss.run(inputs), wanted);
  });

  test('repeated calls make nothing grow', () => {
    const engine = wasmEngine();
    const own = cases(40).map(({ loss: each, inputs: data, gradients }) => {
      const ready = wasmLoss(each, { gradients, engine });
      const into = ready.run(data);
      return { run: () => ready.run(data, into), into, before: bitsOf(into) };
    });
    const size = memoryOf(engine);
    for (let k = 0; k < 3; k++)
      for (const { run, into, before } of own) {
        run();
        expect(bitsOf(into)).toEqual(before);
      }
    expect(memoryOf(engine)).toBe(size);
  });
});

describe('shapes that change between calls', () => {
  test('sizes, ranks, optional inputs, and back', () => {
    const g = new Numbers(3);
    const loss = wasmLoss(crossEntropy(), { gradients: ['input'] });
    const inputs = [
      { input: g.floats([4, 3]), target: g.labels([4], 3) },
      { input: g.floats([5, 7]), target: g.labels([5], 7) },
      { input: g.floats([2, 3, 5]), target: g.labels([2, 5], 3) },
      { input: g.floats([3]), target: g.labels([], 3) },
      { input: g.floats([4, 3]), target: g.labels([4], 3), mask: g.mask([4]) },
      { input: g.floats([4, 3]), target: g.labels([4], 3), mask: g.mask([1]) },
      { input: g.floats([4, 3]), target: g.floats([4, 3], 0, 1) },
      { input: g.floats([0, 3]), target: g.labels([0], 3) },
      { input: g.floats([600, 100]), target: g.labels([600], 100) },
      { input: g.floats([1, 1]), target: g.labels([1], 1) },
    ];
    const fresh = inputs.map((each) => bitsOf(wasmLoss(crossEntropy(), { gradients: ['input'] }).run(each)));
    for (const order of [[...inputs.keys()], [...inputs.keys()].reverse()])
      for (const k of order) expect(bitsOf(loss.run(inputs[k]!)), `inputs ${k}`).toEqual(fresh[k]);
    loss.dispose();
    expect(bitsOf(loss.run(inputs[0]!))).toEqual(fresh[0]);
  });

  test('sizes that come and go take no memory for ever', () => {
    const engine = wasmEngine();
    const loss = wasmLoss(huber(), { gradients: ['input'], engine });
    const run = (n: number) => loss.run({ input: new Float32Array(n), target: new Float32Array(n) });
    for (let n = 1; n < 200; n++) run(n);
    const size = memoryOf(engine);
    for (let n = 1; n < 200; n++) run(n);
    expect(memoryOf(engine)).toBe(size);
  });
});

describe('tensors in the engine’s memory', () => {
  test.each(cases(33))('$name: the same bits as with ordinary arrays', ({ loss, inputs, gradients }) => {
    for (const dtype of ['float32', 'float64'] as const) {
      const engine = wasmEngine();
      const ready = wasmLoss(loss, { dtype, gradients, engine });
      const wanted = ready.run(inputs);
      const own = all(engine, inputs);
      const into = roomFor(engine, wanted);
      for (let k = 0; k < 3; k++) {
        const result = ready.run(own, into);
        expect(result.value).toBe(into.value);
        sameBits(result, wanted, `${dtype}, run ${k}`);
      }
      // Some here, some there.
      sameBits(ready.run(own), wanted);
      sameBits(ready.run(inputs, into), wanted);
      const [name] = Object.keys(inputs) as [string];
      sameBits(ready.run({ ...inputs, [name]: own[name] }, { value: into.value }), wanted);
    }
  });

  test('a tensor starts as zeros, keeps its shape and dtype, and lies beside the others', () => {
    const engine = wasmEngine();
    for (const dtype of ['float32', 'float64', 'int32', 'bool'] as const) {
      const used = engine.allocate([100], dtype);
      used.data.fill(1);
      used.free();
      const [a, b] = [engine.allocate([2, 50], dtype), engine.allocate([100], dtype)];
      expect([a.dtype, a.shape, a.data.length]).toEqual([dtype, [2, 50], 100]);
      expect(a.data.every((x) => x === 0)).toBe(true);
      a.data.fill(1);
      expect(b.data.every((x) => x === 0)).toBe(true);
    }
    const scalar = engine.allocate([]);
    expect([scalar.dtype, scalar.data.length]).toEqual(['float32', 1]);
    expect(engine.allocate([3, 0]).data.length).toBe(0);
  });

  test('the memory may grow in between', () => {
    const engine = wasmEngine();
    const g = new Numbers(5);
    const ready = wasmLoss(huber(), { gradients: ['input'], engine });
    const inputs = { input: g.floats([1000]), target: g.floats([1000]) };
    const wanted = ready.run(inputs);
    const own = all(engine, inputs);
    const into = roomFor(engine, wanted);
    const size = memoryOf(engine);
    const large = engine.allocate([2_000_000]);
    expect(memoryOf(engine)).toBeGreaterThan(size);
    expect([...own.input!.data]).toEqual([...inputs.input.data]);
    sameBits(ready.run(own, into), wanted);
    // Within a run: its own room makes the memory grow.
    const second = wasmLoss(lossFromJSON('lovaszHinge'), { gradients: ['input'], engine });
    const many = { input: large, target: engine.allocate([2_000_000]) };
    const [before, from] = [memoryOf(engine), wasmLoss(lossFromJSON('lovaszHinge'), { gradients: ['input'] })];
    const ordinary = from.run({
      input: { ...large, data: large.data.slice() },
      target: { ...many.target, data: many.target.data.slice() },
    });
    sameBits(second.run(many), ordinary);
    expect(memoryOf(engine)).toBeGreaterThan(before);
    sameBits(ready.run(own, into), wanted);
  });

  test('a view of a tensor’s data is an array as any other, also when the memory grows', () => {
    const engine = wasmEngine();
    const g = new Numbers(6);
    const inputs = { input: g.floats([100_000]), target: g.floats([100_000]) };
    const wanted = wasmLoss(mse(), { gradients: ['input'] }).run(inputs);
    const own = all(engine, inputs);
    const ready = wasmLoss(mse(), { gradients: ['input'], engine });
    const size = memoryOf(engine);
    // The first run makes room for itself.
    sameBits(ready.run({ input: own.input!.data, target: own.target!.data }), wanted);
    expect(memoryOf(engine)).toBeGreaterThan(size);
    sameBits(ready.run({ input: own.input!.data, target: own.target!.data }), wanted);
    // A part of one, at an address that no vector is aligned to.
    const part = { input: own.input!.data.subarray(1, 1002), target: own.target!.data.subarray(3, 1004) };
    const copies = { input: part.input.slice(), target: part.target.slice() };
    sameBits(ready.run(part), ready.run(copies));
  });

  test('what is freed is used again, and freeing twice frees nothing of others', () => {
    const engine = wasmEngine();
    const first = engine.allocate([1_000_000]);
    const size = memoryOf(engine);
    for (let k = 0; k < 20; k++) {
      const tensor = engine.allocate([500_000]);
      tensor.free();
    }
    first.free();
    const again = engine.allocate([1_000_000]);
    expect(memoryOf(engine)).toBeLessThanOrEqual(size + 2_100_000);
    first.free();
    const other = engine.allocate([1_000_000]);
    other.data.fill(5);
    expect(again.data.every((x) => x === 0)).toBe(true);
  });

  test('more than the memory can hold', () => {
    for (const size of [2 ** 29, 2 ** 40]) {
      const engine = wasmEngine();
      expect(() => engine.allocate([size])).toThrow(
        /^@isoloss\/wasm needs \d+ more pages of memory, but an engine has 2 GiB/,
      );
      expect(engine.allocate([10]).data.length).toBe(10);
    }
  });

  test.each([[[-1]], [[1.5]], [[2, Number.NaN]]])('a shape that is none: %j', (shape) => {
    expect(() => wasmEngine().allocate(shape)).toThrow(RangeError);
  });
});

describe('engines', () => {
  test('many losses on one, one after the other', () => {
    const engine = wasmEngine();
    const own = cases(17).map(({ loss, inputs, gradients }) => {
      const alone = wasmLoss(loss, { gradients }).run(inputs);
      return { ready: wasmLoss(loss, { gradients, engine }), inputs, alone };
    });
    for (let k = 0; k < 3; k++) for (const { ready, inputs, alone } of own) sameBits(ready.run(inputs), alone);
    for (const { ready } of own) ready.dispose();
    const again = own.map(({ ready, inputs }) => ready.run(inputs));
    for (const [k, result] of again.entries()) sameBits(result, own[k]!.alone);
  });

  test('two engines know nothing of each other', () => {
    const g = new Numbers(8);
    const inputs = { input: g.floats([100]), target: g.floats([100]) };
    const [a, b] = [wasmEngine(), wasmEngine()];
    const own = all(a, inputs);
    // Another engine's tensors are arrays as any other.
    sameBits(wasmLoss(huber(), { engine: b }).run(own), wasmLoss(huber()).run(inputs));
  });

  test.each([0, -1, 1.5, 33, Number.NaN, '2' as never])('%s threads are none', (threads) => {
    expect(() => wasmEngine({ threads })).toThrow(RangeError);
  });

  test('too large for the memory is an error, after which all is as before', () => {
    const engine = wasmEngine();
    const g = new Numbers(9);
    const loss = wasmLoss(lossFromJSON('clip'), { gradients: ['image'], engine });
    const of = (n: number) => ({ image: g.floats([n, 1]), text: g.floats([n, 1]), logitScale: float32([], 1) });
    const [small, large] = [of(50), of(50_000)];
    const wanted = loss.run(small);
    const kept = engine.allocate([100]);
    // Each of its matrices of similarities takes 10 GB.
    expect(() => loss.run(large)).toThrow(RangeError);
    sameBits(loss.run(small), wanted);
    expect(() => loss.run(large)).toThrow(RangeError);
    const others = wasmLoss(huber(), { engine });
    sameBits(others.run({ input: [1, 2], target: [0, 5] }), wasmLoss(huber()).run({ input: [1, 2], target: [0, 5] }));
    sameBits(loss.run(small), wanted);
    expect(kept.data.every((x) => x === 0)).toBe(true);
  });

  test('after an engine has ended, nothing is left to wait for', () => {
    const engine = wasmEngine();
    engine.dispose();
    engine.dispose();
    expect(engine.threads).toBe(1);
  });
});
