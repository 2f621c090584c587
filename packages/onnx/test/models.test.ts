import { checkInputs } from '@isoloss/core';
import * as ort from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { toOnnx } from '../src/index.ts';
import { type ReadGraph, readModel } from './read.ts';
import { samples } from './samples.ts';

const float32 = 1;
const int64 = 7;

/** Every name is given once, before it is used; bodies see what is around them. */
function checkGraph(graph: ReadGraph, around: ReadonlySet<string> = new Set()): number {
  const known = new Set(around);
  const define = (name: string) => {
    expect(name).not.toBe('');
    expect(known.has(name), `${name} is given twice`).toBe(false);
    known.add(name);
  };
  for (const { name } of graph.input ?? []) define(name);
  for (const { name } of graph.initializer ?? []) define(name);
  let nodes = 0;
  for (const { opType, input = [], output, attribute = [] } of graph.node ?? []) {
    nodes++;
    for (const name of input) expect(known.has(name), `${opType} uses ${name} before it is given`).toBe(true);
    for (const { g } of attribute) if (g) nodes += checkGraph(g, known);
    for (const name of output) define(name);
  }
  for (const { name } of graph.output) expect(known.has(name), `the output ${name} is given`).toBe(true);
  return nodes;
}

describe.each(['float32', 'float64'] as const)('models in %s', (dtype) => {
  test.each(samples.map((sample) => [`${sample.loss.key} of ${Object.keys(sample.inputs)}`, sample] as const))(
    '%s',
    (_, { loss, inputs, gradients }) => {
      const { signature } = checkInputs(loss, inputs);
      for (const wanted of [[], gradients]) {
        const bytes = toOnnx(loss, { inputs: signature, dtype, gradients: wanted });
        expect(toOnnx(loss, { inputs: signature, dtype, gradients: wanted })).toEqual(bytes);
        const model = readModel(bytes);
        expect(model).toMatchObject({ irVersion: '8', opsetImport: [{ domain: '', version: '18' }] });
        expect(checkGraph(model.graph)).toBeGreaterThan(0);
        expect(model.graph.output.map(({ name }) => name)).toEqual(['value', ...wanted.map((name) => `d_${name}`)]);
        expect(new Set(model.graph.input!.map(({ name }) => name))).toEqual(new Set(Object.keys(inputs)));
        const metadata = Object.fromEntries(model.metadataProps.map(({ key, value }) => [key, value]));
        expect(metadata).toMatchObject({ 'isoloss.loss': loss.id, 'isoloss.gradients': wanted.join(' ') });
        const used = JSON.stringify(model).match(/"opType":"(\w+)"/g)!;
        for (const inaccurate of ['Sigmoid', 'Tanh', 'Softplus', 'ReduceLogSumExp', 'LogSoftmax', 'OneHot', 'Erf'])
          expect(used).not.toContain(`"opType":"${inaccurate}"`);
      }
    },
  );
});

test('sizes are symbolic, and the same in every input', () => {
  const { loss } = samples.find((sample) => sample.loss.id === 'crossEntropy')!;
  const { graph } = readModel(toOnnx(loss, { inputs: { input: 2, target: 1 }, gradients: ['input'] }));
  const dims = Object.fromEntries(
    [...graph.input!, ...graph.output].map(({ name, type }) => [
      name,
      type.tensorType.shape.dim?.map((dim) => dim.dimParam),
    ]),
  );
  expect(dims).toEqual({ input: ['N', 'C'], target: ['N'], value: undefined, d_input: ['N', 'C'] });
  expect(graph.input!.map(({ type }) => type.tensorType.elemType)).toEqual([float32, int64]);
});

test('no name of a loss collides with a name of the graph', async () => {
  const { defineLoss, inputs: kinds } = await import('@isoloss/core');
  const odd = defineLoss({
    id: 'odd',
    inputs: { v0: kinds.float('...'), v1: kinds.float('...') },
    formula: ({ v0, v1 }) => v0.sub(v1).abs(),
  });
  const bytes = toOnnx(odd(), { inputs: { v0: 1, v1: 1 }, gradients: ['v0'] });
  checkGraph(readModel(bytes).graph);
  await (await ort.InferenceSession.create(bytes)).release();
});

test('ranks, names and gradients are checked', () => {
  const { loss } = samples.find((sample) => sample.loss.id === 'crossEntropy')!;
  const code = (run: () => unknown) => {
    try {
      run();
    } catch (error) {
      return (error as { code: string }).code;
    }
    return undefined;
  };
  expect(code(() => toOnnx(loss, { inputs: { input: 2 } }))).toBe('MISSING_INPUT');
  expect(code(() => toOnnx(loss, { inputs: { input: 2, target: 4 } }))).toBe('RANK_MISMATCH');
  expect(code(() => toOnnx(loss, { inputs: { input: 2, target: 1, labels: 1 } }))).toBe('UNKNOWN_INPUT');
  expect(code(() => toOnnx(loss, { inputs: { input: 2, target: 1 }, gradients: ['target'] }))).toBe(
    'NOT_DIFFERENTIABLE',
  );
});
