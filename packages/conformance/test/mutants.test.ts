import { loadVectors, mutants, runMutant } from '@isoloss/conformance';
import { expect, test } from 'vitest';

const vectors = await loadVectors();

test('there are enough of them, under names of their own', () => {
  expect(mutants.length).toBeGreaterThanOrEqual(16);
  expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length);
});

test.each(mutants.map((mutant) => [`${mutant.loss}: ${mutant.name}`, mutant] as const))('%s', async (_, mutant) => {
  const { killedBy, survived } = await runMutant(mutant, vectors);
  for (const dtype of mutant.dtypes)
    expect(killedBy[dtype]!.length, `${mutant.defect}: no vector notices in ${dtype}`).toBeGreaterThan(0);
  expect(survived).toBe(false);
});
