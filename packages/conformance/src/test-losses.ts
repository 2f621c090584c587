import { type Backend, lossesIn, registerLosses } from '@isoloss/core';
import { runConformance } from './runner.ts';
import { stabilityInWords, stabilityOf } from './stability.ts';
import { failuresOf, type TestFramework } from './test-backend.ts';
import { loadVectors, vectorIdsNow } from './vector-files.ts';

/** What {@link testLosses} runs. */
export interface LossTestOptions {
  /** Where every vector is run, value and gradients: in each dtype that they have. */
  readonly backends: readonly Backend[];
  /** The folder of `<id>.json`, with a slash at its end: `new URL('../vectors/', import.meta.url)`. */
  readonly vectors: URL;
}

/**
 * The contract of losses of your own as tests: each has vectors, its formula is stable at every one of them, and every
 * backend gives every one within its derived bound. This is a whole test file of a package of losses:
 *
 * @example
 * import { describe, test } from 'node:test';
 * import { testLosses } from '@isoloss/conformance';
 * import { openBackends } from 'isoloss';
 * import * as losses from '../dist/index.js';
 *
 * testLosses(losses, {
 *   describe,
 *   test,
 *   backends: await openBackends(),
 *   vectors: new URL('../vectors/', import.meta.url),
 * });
 * @throws Error if the module has no loss, or there is no backend to run on
 */
export function testLosses(
  module: Readonly<Record<string, unknown>>,
  { describe, test, backends, vectors }: TestFramework & LossTestOptions,
): void {
  const losses = lossesIn(module);
  if (losses.length === 0) throw new Error('the module exports no loss: nothing that defineLoss gave');
  if (backends.length === 0) throw new Error('there is no backend to run the vectors on');
  registerLosses(losses);
  const ids = losses.map(({ id }) => id);
  test('every file of vectors is of a loss of the package', async () => {
    const stray = vectorIdsNow(vectors).filter((id) => !ids.includes(id));
    if (stray.length > 0) throw new Error(`there are vectors of ${stray.join(', ')}, and no such loss`);
  });
  for (const id of ids)
    describe(id, () => {
      test('its formula loses no digits', () => isStable(id, vectors));
      for (const backend of backends) test(`every vector on ${backend.id}`, () => holds(id, backend, vectors));
    });
}

async function fileOf(id: string, folder: URL) {
  const [file] = await loadVectors([id], folder);
  if (file!.cases.length === 0) throw new Error(`the vectors of ${id} have no case`);
  return file!;
}

/** Judged apart from the backends: an unstable formula would earn itself a wide bound. */
async function isStable(id: string, folder: URL): Promise<void> {
  const { cases } = await fileOf(id, folder);
  const unstable = (['float32', 'float64'] as const)
    .flatMap((dtype) => cases.flatMap((entry) => stabilityOf(entry, dtype)))
    .filter(({ stable }) => !stable);
  const [worst] = unstable.sort((a, b) => b.factor - a.factor);
  if (worst !== undefined)
    throw new Error(
      `${unstable.length} outputs ${worst.factor === Number.POSITIVE_INFINITY ? 'may overflow on the way, or ' : ''}lose more digits than rounding their inputs would; the worst is ${stabilityInWords(worst)}`,
    );
}

async function holds(id: string, backend: Backend, folder: URL): Promise<void> {
  const { available, reason, remedy } = await backend.describe();
  if (!available)
    throw new Error(`${backend.id} is not available: ${[reason, remedy].filter(Boolean).join('; to mend it: ')}`);
  const result = await runConformance({ backends: [backend], vectors: [await fileOf(id, folder)] });
  const bad = failuresOf(result);
  if (bad.length > 0) throw new Error(bad.join('\n'));
  if (result.totals.passed === 0) throw new Error(`${backend.id} ran none of the vectors`);
}
