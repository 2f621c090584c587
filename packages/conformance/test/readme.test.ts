import { readFileSync } from 'node:fs';
import { backendTests } from '@isoloss/conformance';
import { expect, test } from 'vitest';
import { myBackend } from './fixtures/my-backend.ts';

const read = (file: string): string => readFileSync(new URL(file, import.meta.url), 'utf8');

test('the example of the README is the test file that runs here', () => {
  const [, code] = /```ts\n([\s\S]*?)```/.exec(read('../README.md'))!;
  expect(read('./third-party.test.ts')).toBe(code);
});

test('without its expectation it would fail, and with one that passes, too', async () => {
  const vectorsOf = (expectations: { pattern: string; reason: string }[]) =>
    backendTests(myBackend(), { losses: ['l1'], expectations })
      .find(({ name }) => name === 'every vector of l1')!
      .run();
  await expect(vectorsOf([])).rejects.toThrow('l1/0012 in float32: value[0] is 0, exactly NaN');
  const both = ['l1/0012', 'l1/0001'].map((pattern) => ({ pattern, reason: 'known' }));
  await expect(vectorsOf(both)).rejects.toThrow('l1/0001 in float32: expected to fail (known), and passes');
});
