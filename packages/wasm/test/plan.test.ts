import {
  catalogue,
  checkInputs,
  crossEntropy,
  type FloatDType,
  isDifferentiable,
  type Loss,
  lossFromJSON,
  lowered,
  outputsOf,
  resolveInputs,
  type Signature,
  trace,
} from '@isoloss/core';
import { describe, expect, test } from 'vitest';
import { points } from '../../core/test/points.ts';
import { ModuleBuilder } from '../src/assembler/index.ts';
import { type KernelStep, type Plan, type PlanStep, plan } from '../src/compile/plan.ts';
import { kept } from '../src/compile/rewrite.ts';

// What makes the kernels fast: how often they go through the data.

interface Planned extends Plan {
  /** Kernels that loop, each one pass over something. */
  readonly passes: readonly KernelStep[];
  readonly bytes: Uint8Array<ArrayBuffer>;
}

function planned(
  loss: Loss,
  signature: Signature,
  gradients: readonly string[],
  dtype: FloatDType = 'float32',
): Planned {
  const module = new ModuleBuilder();
  const result = plan(outputsOf(lowered(trace(loss, { signature, gradients }), kept)), dtype, module);
  const passes = result.steps.filter((step): step is KernelStep => step.kind === 'kernel' && step.range !== undefined);
  return { ...result, passes, bytes: module.bytes() };
}

const readers = ({ steps, inputs }: Plan, name: string): PlanStep[] =>
  steps.filter((step) => step.kind === 'kernel' && step.reads.has(inputs.get(name)!));
const withGradient = (loss: Loss, signature: Signature): string[] =>
  resolveInputs(loss.definition, loss.options, signature)
    .filter(({ spec, type }) => type.dtype === 'float' && isDifferentiable(spec))
    .filter(() => loss.definition.notDifferentiable(loss.options) === undefined)
    .map(({ name }) => name);

describe('elementwise losses go once through their inputs', () => {
  const required = (id: string) => Object.entries(catalogue.get(id)!.inputs).filter(([, spec]) => !spec.optional);
  const elementwise = [...catalogue.keys()].filter((id) => required(id).every(([, { shape }]) => shape === '...'));

  test('there are some', () => expect(elementwise.length).toBeGreaterThan(35));

  test.each(elementwise)('%s', (id) => {
    for (const reduction of ['mean', 'sum', 'none'])
      for (const rank of [1, 3]) {
        const loss = lossFromJSON(id, { reduction });
        const signature = Object.fromEntries(required(id).map(([name]) => [name, { rank }]));
        const gradients = withGradient(loss, signature);
        expect(gradients.length).toBeGreaterThan(0);
        const result = planned(loss, signature, gradients);
        const what = `${reduction}, rank ${rank}`;
        for (const name of Object.keys(signature)) expect(readers(result, name).length, `${name}, ${what}`).toBe(1);
        // Value and all gradients, in one loop over whatever axes there are; then the sum of the parts' sums.
        expect(result.passes.length, what).toBe(1);
        expect(result.passes[0]!.range!.tiled, what).toBe(true);
        expect(result.steps.length, what).toBeLessThanOrEqual(2);
      }
  });

  test.each(elementwise)('%s with weights and a mask: twice at most', (id) => {
    const loss = lossFromJSON(id);
    const optional = ['weight', 'mask'].filter((name) => catalogue.get(id)!.inputs[name] !== undefined);
    const names = [...required(id).map(([name]) => name), ...optional];
    const signature = Object.fromEntries(names.map((name) => [name, { rank: 2 }]));
    const gradients = withGradient(loss, signature).filter((name) => name !== 'weight');
    // A mean divides by the sum of weights, which has to be known before the gradients are written.
    const { passes } = planned(loss, signature, gradients);
    expect(passes.length).toBeLessThanOrEqual(2);
  });
});

describe('rows', () => {
  const rowLosses: [string, Signature, string[]][] = [
    ['crossEntropy', { input: { rank: 2 }, target: { rank: 1 } }, ['input']],
    ['crossEntropy', { input: { rank: 2 }, target: { rank: 2 } }, ['input', 'target']],
    ['crossEntropy', { input: { rank: 2 }, target: { rank: 1 }, mask: { rank: 1 } }, ['input']],
    ['focal', { input: { rank: 2 }, target: { rank: 1 } }, ['input']],
    ['symmetricCrossEntropy', { input: { rank: 2 }, target: { rank: 1 } }, ['input']],
    ['distillation', { input: { rank: 2 }, target: { rank: 2 } }, ['input', 'target']],
    ['euclidean', { input: { rank: 2 }, target: { rank: 2 } }, ['input', 'target']],
    ['tripletMargin', { anchor: { rank: 2 }, positive: { rank: 2 }, negative: { rank: 2 } }, ['anchor', 'negative']],
    ['cosineEmbedding', { input1: { rank: 2 }, input2: { rank: 2 }, target: { rank: 1 } }, ['input1', 'input2']],
  ];

  test.each(rowLosses)('%s %#: value and gradients, one pass over the rows', (id, signature, gradients) => {
    const result = planned(lossFromJSON(id), signature, gradients);
    const wide = result.passes.filter((pass) => pass.work.some(({ domain }) => domain.length > 1));
    expect(wide.length).toBe(1);
    expect(wide[0]!.range).toEqual({ length: 'N', tiled: false });
    for (const name of gradients) expect(wide[0]!.reads.has(result.inputs.get(name)!), name).toBe(true);
    for (const [k, name] of gradients.entries()) expect(wide[0]!.writes.has(result.outputs[k + 1]!), name).toBe(true);
  });

  test('an axis in the middle: one pass, in tiles of the axes behind it', () => {
    const result = planned(crossEntropy(), { input: { rank: 4 }, target: { rank: 3 } }, ['input']);
    const wide = result.passes.filter((each) => each.work.some(({ domain }) => domain.includes('C')));
    expect(wide.length).toBe(1);
    const [pass] = wide as [KernelStep];
    expect([pass.range, pass.tiled]).toEqual([{ length: 'N', tiled: false }, 'D1*D2']);
    expect(pass.writes.has(result.outputs[1]!)).toBe(true);
  });

  test('regions of (N, C, H, W): one pass, in one loop over the pixels', () => {
    const loss = lossFromJSON('dice', { activation: 'sigmoid' });
    const result = planned(loss, { input: { rank: 4 }, target: { rank: 4 } }, ['input']);
    const wide = result.passes.filter((pass) => pass.work.some(({ domain }) => domain.length > 1));
    expect(wide.length).toBe(1);
    expect(wide[0]!.work.every(({ domain }) => domain.length <= 2)).toBe(true);
  });
});

describe('every loss of the catalogue is compiled', () => {
  const all = Object.entries(points).flatMap(([id, list]) => list.map((point, k) => ({ id, k, ...point })));

  test('all are there', () => expect(new Set(all.map(({ id }) => id))).toEqual(new Set(catalogue.keys())));

  const kernelsOf = ({ steps }: Plan): number =>
    steps.reduce(
      (sum, step) => sum + (step.kind === 'kernel' ? 1 : step.kind === 'scan' ? kernelsOf(step.inner) : 0),
      0,
    );
  const otherOf = ({ steps }: Plan): number => steps.filter(({ kind }) => kind !== 'kernel').length;
  let total = 0;

  test.each(all)('$id $k', ({ id, options, inputs }) => {
    const loss = lossFromJSON(id, options);
    const { signature } = checkInputs(loss, inputs);
    const gradients = withGradient(loss, signature);
    for (const dtype of ['float32', 'float64'] as const) {
      const result = planned(loss, signature, gradients, dtype);
      expect(WebAssembly.validate(result.bytes)).toBe(true);
      // Far more than most: a graph that falls to pieces would need more still.
      expect(kernelsOf(result)).toBeLessThanOrEqual(otherOf(result) === 0 ? 16 : 36);
      expect(otherOf(result)).toBeLessThanOrEqual(16);
      expect(result.bytes.length).toBeLessThan(200_000);
      if (dtype === 'float32') total += kernelsOf(result);
      // Everything that is read was given or made before, and every output is made.
      const known = new Set([...result.inputs.values()].map((buffer) => buffer.id));
      for (const step of result.steps) {
        if (step.kind === 'kernel')
          for (const { id: read, name } of step.reads) expect(known.has(read), name).toBe(true);
        const made =
          step.kind === 'kernel' ? [...step.writes] : step.kind === 'scan' ? [...step.results.values()] : [step.result];
        for (const buffer of made) known.add(buffer.id);
      }
      for (const output of result.outputs) expect(known.has(output.id)).toBe(true);
    }
  });

  test('in few kernels on the whole', () => {
    console.info(`${(total / all.length).toFixed(2)} kernels a loss`);
    expect(total / all.length).toBeLessThan(6.5);
  });
});
