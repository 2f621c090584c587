import { catalogue } from '@isoloss/core';
import { describe, expect, it } from 'vitest';
import { makeCase } from '../cases/case.mjs';
import { settingsFrom, UsageError } from '../options.mjs';
import { markdown, text } from '../report/text.mjs';
import { bench } from '../run/bench.mjs';
import { compare } from '../run/verify.mjs';

const quick = ['--rounds', '3', '--warm-up', '0', '--sample', '0', '--size', '1000', '--threads', '1'];

describe('bench', () => {
  it('verifies and times a few losses end to end', async () => {
    const backends = 'reference,onnx-node,onnx-naive,copy';
    const losses = 'mse,crossEntropy,arcFace';
    const settings = settingsFrom([
      ...['--suite', 'catalogue', '--loss', losses, '--backends', backends, '--mode', 'forward,gradient'],
      ...quick,
    ]);
    const report = await bench(settings, () => {});
    expect(report).toMatchObject({
      schema: 'isoloss-bench/1',
      machine: { node: process.versions.node },
      settings: { suite: 'catalogue', modes: ['forward', 'gradient'], rounds: 3 },
      missing: [],
    });
    expect(report.contestants.map(({ id }) => id)).toEqual(['reference', 'onnx-node-1', 'onnx-naive-1', 'copy']);
    expect(report.cases.map(({ loss }) => loss)).toEqual(['arcFace', 'crossEntropy', 'mse']);
    const mse = report.cases.at(-1);
    expect(mse).toMatchObject({
      id: 'mse 1e3',
      dtype: 'float32',
      shapes: { input: [1000], target: [1000] },
      gradients: ['input'],
      elements: 1000,
      bytes: { forward: 8000, gradient: 12000 },
    });
    for (const result of mse.results) {
      expect(result.status).toBe('timed');
      expect(result.forward).toMatchObject({ median: expect.any(Number), samples: 3 });
      expect(result.forward.p10).toBeLessThanOrEqual(result.forward.p90);
      // A naive graph has no gradient.
      if (result.contestant === 'onnx-naive-1') expect(result.gradient).toBeUndefined();
      else expect(result.gradient.median).toBeGreaterThan(0);
    }
    expect(report.cases[0].results.find(({ contestant }) => contestant === 'onnx-naive-1')).toMatchObject({
      status: 'not offered',
    });
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
    expect(text(report)).toContain('mse 1e3');
    expect(markdown(report)).toContain('| mse 1e3');
  }, 10_000);

  it('has a case of every loss, with a gradient', () => {
    for (const loss of catalogue.keys()) {
      const one = makeCase({ loss, n: 1000, dtype: 'float64' });
      expect(one.gradients, loss).not.toEqual([]);
      for (const [name, { data }] of Object.entries(one.inputs)) expect(data.every(Number.isFinite), name).toBe(true);
    }
  });

  it('does not take a wrong gradient for a right one', () => {
    const truth = { value: 1, gradients: { input: [1, 2] } };
    expect(compare({ value: 1, gradients: { input: [1, 2.0001] } }, truth, 1e-3).reason).toBeUndefined();
    expect(compare({ value: 1, gradients: { input: [1, 2.1] } }, truth, 1e-3).reason).toMatch(/^d_input differs/);
    expect(compare({ value: Number.NaN, gradients: {} }, truth, 1e-3).reason).toMatch(/^value differs/);
  });

  it('says what is wrong with a flag', () => {
    expect(() => settingsFrom(['--round', '3'])).toThrow(UsageError);
    expect(() => settingsFrom(['--loss', 'mes'])).toThrow('--loss: there is no "mes"');
    expect(() => settingsFrom(['--rounds', 'many'])).toThrow('--rounds wants a number of at least 1, not "many"');
  });
});
