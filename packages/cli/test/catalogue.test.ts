import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { catalogue } from '@isoloss/core';
import { beforeAll, describe, expect, it } from 'vitest';
import { ensureBuilt, inProcess, root, serve } from './command.ts';

beforeAll(ensureBuilt);

describe('isoloss eval', () => {
  const vector = '[1, 0]';
  const rows = ['[[1, 0]]', '[[0, 1]]'];
  const crd = ['crd', '--anchor', '[[1,0]]', '--positive', '[[0.9,0.1]]', '--negatives', '[[[0,1],[1,1]]]'];
  const robust = ['generalRobust', '--input', '[1, 5]', '--target', '[0, 0]'];
  const gaussian = ['gaussianNll', '--input', '[1]', '--target', '[0]'];
  const hamming = ['hamming', '--input', '[[1,0]]', '--target', '[[1,1]]'];

  it.each<[value: number, ...args: string[]]>([
    [6 / 7, 'iou', '--input', '[[0,0,2,2]]', '--target', '[[1,1,3,3]]', '--gradients'],
    [0.5417, ...crd, '--dataset-size', '100', '--gradients'],
    [0.5417, ...crd, '--datasetSize=100'],
    [
      3.2565,
      'rnnt',
      ...['--logits', '[[[[0,0,0],[0,1,0]],[[0,0,0],[1,0,0]]]]', '--targets', '[[0]]'],
      ...['--input-lengths', '[2]', '--target-lengths', '[1]', '--gradients'],
    ],
    [0, 'circle', '--embeddings', '[[1,0],[0.9,0.1],[0,1]]', '--labels', '[0,0,1]', '--gradients'],
    [1.5462, 'sinkhorn', '--input', '[[0,0],[1,0]]', '--target', '[[0,1],[1,1],[2,1]]', '--gradients'],
    [1 - (Math.exp(-0.5) + Math.exp(-12.5)) / 2, ...robust, '--alpha=-Infinity', '--gradients'],
    [1 - (Math.exp(-0.5) + Math.exp(-12.5)) / 2, ...robust, '--alpha', '-inf'],
    [(0.4 + 50 / 29) / 2, ...robust, '--alpha', '-2'],
    [(1e6 + Math.log(1e-6)) / 2, ...gaussian, '--variance', '[0]', '--gradients'],
    [0.5, ...hamming],
    [0.5, ...hamming, '--soft', '--gradients'],
    [3, 'minkowski', '--input', '[[1,0]]', '--target', '[[0,3]]', '--p', 'Infinity'],
    [Math.LN2, 'entropy', '--input', '[0.5, 0.5]', '--gradients'],
    [1, 'jsDivergence', '--input', vector, '--target', '[0, 1]', '--base', '2'],
    [Math.LN2, 'jsDivergence', '--input', vector, '--target', '[0, 1]', '--base', 'e'],
    [Math.sqrt(3), 'mahalanobis', '--input', rows[0]!, '--target', rows[1]!, '--inverse-covariance', '[[1,0],[0,2]]'],
    [0.85, 'multilabelMargin', '--input', '[[0.1,0.2,0.4,0.8]]', '--target', '[[3,0,-1,1]]', '--gradients'],
    [8, 'totalVariation', '--input', '[[[1,2],[3,5]]]', '--gradients'],
    [0.04, 'elasticNet', '--parameters', '[1,-2]', '--gradients'],
    [Math.log1p(Math.exp(-2)), 'bpr', '--positive', '3', '--negative', '1'],
    [0.9014, 'ctc', '--log-probs', '[[-1,-1],[-1,-1]]', '--targets', '[1]', '--input-lengths=2', '--target-lengths=1'],
    [0.5 * 0.25 * Math.LN2, 'focal', '--input', '[[0,0]]', '--target', '[1]', '--alpha', '0.5'],
  ])('is %d for %s', async (value, ...args) => {
    const { code, stdout, stderr } = await inProcess(['eval', ...args, '--json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const digits = 4 - Math.floor(Math.log10(Math.abs(value) + 1));
    expect(JSON.parse(stdout).value.data[0]).toBeCloseTo(value, digits);
  });

  it.each([
    [crd, 'BAD_OPTION', 'crd needs the option datasetSize, a number > 0'],
    [[...crd, '--dataset-size', '0'], 'BAD_OPTION', 'a number > 0'],
    [[...gaussian, '--variance', '[-1]'], 'VALUE_OUT_OF_DOMAIN', 'variance[0] = -1'],
    [[...hamming, '--gradients'], 'NOT_DIFFERENTIABLE', 'use soft: true'],
    [
      ['circle', '--embeddings', '[[1,0]]', '--labels', '[0]', '--reduction', 'partial'],
      'BAD_OPTION',
      'no partial sums',
    ],
    [['iou', '--input', '[[0,0,2]]', '--target', '[[1,1,3]]'], 'SHAPE_MISMATCH', '4'],
  ])('refuses %j: %s', async (args, code, message) => {
    const outcome = await inProcess(['eval', ...args, '--json']);
    expect(outcome.code).toBe(2);
    expect(JSON.parse(outcome.stdout).error).toMatchObject({ code, message: expect.stringContaining(message) });
  });

  it('has flags for every loss, each with what it takes', async () => {
    for (const { id, inputs, options } of catalogue.values()) {
      const { code, stdout } = await inProcess(['eval', id, '--help']);
      expect(code).toBe(0);
      const count = Object.keys(inputs).length + Object.keys(options).length;
      const own = stdout.slice(stdout.indexOf(`Inputs of ${id}:`)).split('\n\nEach input')[0]!;
      expect(own.match(/^ {2}--[a-z0-9-]+ /gm)?.length, own).toBe(count);
      expect(own).not.toMatch(/undefined|\[object|number,null/);
    }
  });
});

interface Vector {
  readonly id: string;
  readonly options: object;
  readonly inputs: object;
  readonly expected: { readonly value: { data: number[]; sensitivity: number[] } };
}

/** The first vector of each loss that has a value. */
const vectors = [...catalogue.keys()].map((loss) => {
  const file = join(root, 'packages/conformance/vectors', `${loss}.json`);
  const { cases } = JSON.parse(readFileSync(file, 'utf8')) as { cases: Vector[] };
  return { loss, ...cases.find(({ expected }) => expected?.value !== undefined)! };
});

describe('isoloss serve', () => {
  it.each([
    ['reference', 'float64', vectors],
    ['reference', 'float32', vectors],
    ['onnx-node', 'float32', vectors.filter((_, k) => k % 8 === 0)],
  ] as const)('knows the losses by their names and gives their values: %s, %s', async (backend, dtype, chosen) => {
    const { code, answers, stderr } = await serve(
      backend,
      chosen.map(({ id, loss, options, inputs }) => ({ command: 'run', id, loss, options, dtype, inputs })),
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(answers.map(({ id }) => id)).toEqual(chosen.map(({ id }) => id));
    const u = dtype === 'float64' ? 2 ** -53 : 2 ** -24;
    for (const [k, { id, expected }] of chosen.entries()) {
      const { data, sensitivity } = expected.value;
      const got = (answers[k] as unknown as { value?: { data: number[] } }).value?.data;
      expect(got?.length, `${id}: ${JSON.stringify(answers[k])}`).toBe(data.length);
      const norm = Math.max(...data.map((value, i) => Math.abs(value) + (sensitivity[i] ?? 0)));
      for (const [i, value] of data.entries())
        expect(Math.abs(got![i]! - value), `${id}[${i}]`).toBeLessThanOrEqual(256 * u * norm);
    }
  });
});
