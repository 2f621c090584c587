import { beforeAll, describe, expect, it } from 'vitest';
import { chooseBackend } from '../src/choose/choose.ts';
import { createBackend } from '../src/choose/create.ts';
import { choiceMarkdown, choiceText } from '../src/choose/text.ts';
import type { ChoiceReport, Measurement } from '../src/choose/types.ts';
import { ensureBuilt } from './command.ts';
import { conforms, printed } from './schemas.ts';

beforeAll(ensureBuilt);

describe('a choice between what needs no native code', () => {
  let report: ChoiceReport;
  beforeAll(async () => {
    report = await chooseBackend({
      loss: 'mse',
      shape: [4, 5000],
      gradients: true,
      backends: ['reference', 'wasm'],
      quick: true,
    });
  });
  const find = (candidate: string): Measurement => report.measurements.find((one) => one.candidate === candidate)!;

  it('measures everything, with its spread, in the form of its schema', () => {
    conforms('choice', printed(report));
    expect(report.request).toMatchObject({
      gradients: ['input', 'target'],
      shapes: { input: [4, 5000], target: [4, 5000] },
      axis: { name: 'N', size: 4 },
    });
    for (const { warm, coldStart, memory, install, sizes, conformance } of ['reference', 'wasm'].map(find)) {
      expect(warm.samples).toBeGreaterThanOrEqual(warm.rounds);
      expect(warm.min).toBeLessThanOrEqual(warm.median);
      expect(warm.median).toBeLessThanOrEqual(warm.p95);
      expect(warm.spread[0]).toBeLessThanOrEqual(warm.spread[1]);
      expect(coldStart.min).toBeGreaterThan(0);
      expect(memory.median).toBeGreaterThan(20e6);
      expect(install.packages.map(({ name }) => name)).toEqual(expect.arrayContaining(['@isoloss/core', 'zod']));
      expect(install.bytes).toBe(install.packages.reduce((sum, one) => sum + one.bytes, 0));
      // The largest is left out of what is hopeless there.
      expect(sizes.map(({ size }) => size).slice(0, 2)).toEqual([1, 4]);
      expect(conformance).toMatchObject({ ok: true, failed: 0 });
    }
  });

  it('recommends the engine over the interpreter, which is many times slower, and says why', () => {
    const { candidate, reason, config } = report.recommendation!;
    expect(candidate).toMatch(/^wasm/);
    expect(reason).toMatch(/^wasm.*: a warm call takes .*(times as fast as|nothing else is left)/);
    expect(config).toMatchObject({ backend: 'wasm', for: { loss: 'mse', dtype: 'float32' } });
    expect(config.fallback.at(-1)).toEqual({ backend: 'reference', settings: {} });
    conforms('backend-config', printed(config));
  });

  it('reads well, as text and as Markdown', () => {
    const text = choiceText(report);
    expect(text).toMatch(/^mse of input 4×5000, target 4×5000 in float32, with the gradient by input, target/);
    expect(text).toMatch(/^candidate +median +p95 +of rounds +samples/m);
    expect(text).toContain('Take wasm');
    expect(text).toMatch(/The answer (is the same for|changes with)/);
    expect(choiceMarkdown(report)).toMatch(/^\| candidate \| median \|.*\n\| --- \| ---: \|/m);
  });

  it('is used by createBackend, with the reason', async () => {
    const config = printed(report.recommendation!.config);
    const backend = await createBackend({ config }, { strict: true });
    expect(backend.selection).toMatchObject({
      requested: 'wasm',
      backend: 'wasm',
      fallback: false,
      reason: config.reason,
      skipped: [],
    });
    const signature = { input: { rank: 1 }, target: { rank: 1 } };
    const { mse } = await import('@isoloss/core');
    const loss = await backend.compile(mse(), { dtype: 'float32', signature });
    expect((await loss.run({ input: [1, 3], target: [0, 1] })).value.data[0]).toBe(2.5);
    await backend.dispose();
  });
});
