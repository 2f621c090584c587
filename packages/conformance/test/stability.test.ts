import { loadVectors, stabilityExceptions, stabilityInWords, stabilityLimit, stabilityOf } from '@isoloss/conformance';
import { describe, expect, test } from 'vitest';

const files = await loadVectors();

describe.each(['float32', 'float64'] as const)('every definition is stable in %s', (dtype) => {
  test.each(files.map((file) => [file.loss, file] as const))('%s', (_, file) => {
    const unstable = file.cases.flatMap((entry) => stabilityOf(entry, dtype)).filter(({ stable }) => !stable);
    expect(unstable.map(stabilityInWords)).toEqual([]);
  });
});

test('values need few exceptions', () => {
  // Beside those that a vector is flagged for, with its own reason: sinkhorn's, whose bound adds up over the steps.
  const exempt = new Set(stabilityExceptions.filter(({ output }) => output === 'value').map(({ loss }) => loss));
  const values = files.flatMap((file) => file.cases.flatMap((entry) => stabilityOf(entry, 'float32').slice(0, 1)));
  const over = values.filter(({ factor, id }) => factor > stabilityLimit && !exempt.has(id.split('/')[0]!));
  expect([...new Set(over.map(({ id }) => id.split('/')[0]))]).toEqual(['cosineEmbedding', 'sinkhorn', 'sinkhornCost']);
  expect(exempt.size).toBeLessThan(10);
});

test('every exception is needed', () => {
  const needed = new Set(
    (['float32', 'float64'] as const).flatMap((dtype) =>
      files.flatMap((file) =>
        file.cases.flatMap((entry) => stabilityOf(entry, dtype).map(({ exception }) => exception)),
      ),
    ),
  );
  expect(stabilityExceptions.filter((exception) => !needed.has(exception))).toEqual([]);
});
