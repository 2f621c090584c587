import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

test('what a page imports needs no module of Node', () => {
  const reached = new Set<string>();
  const elsewhere = new Set<string>();
  const visit = (file: URL): void => {
    if (reached.has(file.href)) return;
    reached.add(file.href);
    for (const [, from] of readFileSync(file, 'utf8').matchAll(/(?:\bfrom|\bimport\(|^import) ?'([^']+)'/gm))
      if (from!.startsWith('.')) visit(new URL(from!, file));
      else elsewhere.add(from!);
  };
  visit(new URL('../src/browser.ts', import.meta.url));
  expect(reached.size).toBeGreaterThan(30);
  expect([...elsewhere].sort()).toEqual(['@isoloss/core', 'fast-check']);
});
