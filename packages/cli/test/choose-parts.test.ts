import { catalogue, evaluate, makeLoss } from '@isoloss/core';
import { describe, expect, it } from 'vitest';
import { crossovers, decide } from '../src/choose/decide.ts';
import { makeInputs, planShapes } from '../src/choose/inputs.ts';
import { isFaster, quantile } from '../src/choose/statistics.ts';
import type { Measurement } from '../src/choose/types.ts';

describe('shapes and inputs', () => {
  const plan = (id: string, shapes: Record<string, number[]>, options = {}) =>
    planShapes(makeLoss(catalogue.get(id)!, options), new Map(Object.entries(shapes)));

  it('follow from those given, and grow along the batch', () => {
    const cross = plan('crossEntropy', { '': [16, 10] });
    expect(cross).toMatchObject({ shapes: { input: [16, 10], target: [16] }, axis: { name: 'N', size: 16 } });
    expect(cross.at(3)).toEqual({ input: [3, 10], target: [3] });
    expect(plan('crossEntropy', { '': [16, 10], target: [16, 10] }).shapes.target).toEqual([16, 10]);
    expect(plan('ctc', { '': [50, 4, 20], targets: [4, 7] }).at(8)).toMatchObject({
      logProbs: [50, 8, 20],
      targets: [8, 7],
    });
  });

  // Sizes for the losses whose first input does not say them all.
  const more: Record<string, Record<string, number[]>> = {};
  const rankOf = (shape: string) =>
    shape.includes('...') ? 2 : shape.split('|')[0]!.trim().split(/\s+/).filter(Boolean).length;

  it('are such as every loss of the catalogue takes', () => {
    const refused: string[] = [];
    for (const [id, definition] of catalogue) {
      const required = Object.entries(definition.inputs).filter(([, spec]) => !spec.optional);
      try {
        const loss = makeLoss(definition, id === 'crd' ? { datasetSize: 100 } : {});
        // Every size is 4: what is a 4 of its own (boxes) fits, and so does what is the same in two inputs.
        const shapes = Object.fromEntries(
          required.map(([name, { shape }]) => [name, more[id]?.[name] ?? Array<number>(rankOf(shape)).fill(4)]),
        );
        const main = required[0]![0];
        let made: ReturnType<typeof planShapes>;
        try {
          made = planShapes(loss, new Map([[main, shapes[main]!]]));
        } catch {
          made = planShapes(loss, new Map(Object.entries(shapes)));
        }
        evaluate(loss, makeInputs(loss, made.shapes, 'float32'));
      } catch (error) {
        refused.push(`${id}: ${(error as Error).message}`);
      }
    }
    expect(refused).toEqual([]);
  });
});

const measurement = (candidate: string, times: Record<number, number[]>, bytes = 1e6): Measurement =>
  ({
    candidate,
    backend: 'wasm',
    settings: {},
    install: { bytes, packages: [] },
    coldStart: { median: 100, min: 90, max: 110, samples: 3 },
    memory: { median: 5e7, min: 5e7, max: 5e7, samples: 3 },
    warm: { median: quantile(times[64]!, 0.5), cpu: 1 },
    sizes: Object.entries(times).map(([size, rounds]) => ({ size: Number(size), median: quantile(rounds, 0.5) })),
  }) as unknown as Measurement;

const timing = (...rounds: number[]) => ({ rounds, least: Math.min(...rounds) });

describe('the decision', () => {
  const rounds = (...all: [string, Record<number, number[]>, number?][]) => {
    const byId = new Map(all.map(([id, times]) => [id, times]));
    const measurements = all.map(([id, times, bytes]) => measurement(id, times, bytes));
    const timingAt = (id: string, size: number) => {
      const times = byId.get(id)?.[size];
      return times === undefined ? undefined : timing(...times);
    };
    const decision = decide(measurements, 'latency', 64, timingAt)!;
    const asked = { size: 64, candidate: decision.candidate };
    return { decision, changes: crossovers(measurements, 'latency', asked, timingAt) };
  };

  it('is for what is faster within the rounds, however much these differ', () => {
    expect(isFaster(timing(1, 10, 100), timing(1.2, 12, 120))).toBe(true);
    expect(isFaster(timing(1, 1, 1, 1), timing(1.02, 1.02, 1.02, 1.02))).toBe(false);
    expect(isFaster(timing(1, 1, 1, 1), timing(2, 2, 0.5, 0.5))).toBe(false);
    expect(isFaster(timing(1), timing(1.5))).toBe(false);
    expect(isFaster(timing(1), timing(3))).toBe(true);
    expect(isFaster(timing(), timing())).toBe(false);
    // On a machine that does much else: ahead in most rounds, and not by what it can do.
    expect(isFaster({ rounds: [9, 10, 12, 11], least: 9 }, { rounds: [10, 12, 64, 20], least: 5 })).toBe(false);
    expect(isFaster(timing(10, 10, 10, 10), timing(11, 11, 11, 11), 1.2)).toBe(false);
    const { decision } = rounds(['a', { 64: [1, 10, 100, 20] }], ['b', { 64: [1.3, 13, 130, 26] }]);
    expect(decision).toMatchObject({ candidate: 'a', tiedWith: [], order: ['a', 'b'] });
    expect(decision.reason).toBe('a warm call takes 15 ms: 1.3 times as fast as the next, b (19.5 ms)');
  });

  it('is for the smaller install where there is no telling', () => {
    const { decision } = rounds(['big', { 64: [1, 1, 1, 1] }, 3e8], ['small', { 64: [1.01, 1.02, 1, 1.01] }, 9e6]);
    expect(decision).toMatchObject({ candidate: 'small', tiedWith: ['big'] });
    expect(decision.reason).toContain(
      'the same as big (1 ms) within the noise, and its install is the smallest (9.0 MB)',
    );
  });

  it('says at which size it changes, between the sizes that were measured', () => {
    const flat = { 1: [2, 2, 2], 8: [2, 2, 2], 64: [2, 2, 2], 512: [2, 2, 2] };
    const growing = { 1: [0.1, 0.1, 0.1], 8: [0.5, 0.5, 0.5], 64: [8, 8, 8], 512: [64, 64, 64] };
    const { decision, changes } = rounds(['flat', flat], ['growing', growing]);
    expect(decision.candidate).toBe('flat');
    expect(changes).toEqual([{ at: 23, between: [8, 64], below: 'growing', above: 'flat' }]);
    expect(rounds(['flat', flat]).changes).toEqual([]);
  });

  it('does not change where the leaders are level', () => {
    const one = { 8: [1, 1, 1, 1], 64: [1, 1, 1, 1] };
    const two = { 8: [0.98, 0.98, 0.98, 0.98], 64: [2, 2, 2, 2] };
    expect(rounds(['one', one], ['two', two]).changes).toEqual([]);
  });
});
