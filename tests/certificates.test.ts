import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { certificateProblems, keepReport, keptReport, reportFile } from '../scripts/lib/certificates.mjs';
import { sourcesDigest, vectorsDigest } from '../scripts/lib/digests.mjs';
import { publicPackages } from '../scripts/lib/packages.mjs';

let root: string;
const put = (file: string, content: unknown): void => {
  mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
  writeFileSync(path.join(root, file), typeof content === 'string' ? content : JSON.stringify(content));
};

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'isoloss-certificates-'));
  put('pnpm-lock.yaml', 'lockfileVersion: 9');
  put('packages/wasm/package.json', {
    name: '@isoloss/wasm',
    version: '1.2.3',
    exports: { '.': './dist/index.js', './conformance.json': './conformance.json' },
    dependencies: { '@isoloss/core': 'workspace:*' },
  });
  put('packages/core/package.json', { name: '@isoloss/core', version: '1.2.3' });
  put('packages/core/src/index.ts', 'export {};');
  put('packages/core/src/index.test.ts', '');
  put('packages/conformance/package.json', { name: '@isoloss/conformance', version: '1.2.3', private: true });
  put('packages/conformance/vectors/huber.json', '{}');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('a release is made of the certificates that are there', () => {
  const right = () => ({
    package: '@isoloss/wasm',
    release: '1.2.3',
    sources: sourcesDigest(root),
    complete: true,
    backends: [{ id: 'wasm', failed: 0 }],
  });
  const problems = (change: object) => {
    put('packages/wasm/conformance.json', { ...right(), ...change });
    return certificateProblems(root);
  };

  test('if each is of its release, of these sources, of every loss, and without a failure', () => {
    expect(certificateProblems(root)).toEqual(['@isoloss/wasm has no conformance.json: npm run certify makes it']);
    expect(problems({})).toEqual([]);
    expect(problems({ release: '1.2.2' })).toEqual([expect.stringContaining('is of @isoloss/wasm@1.2.2')]);
    expect(problems({ sources: 'x' })).toEqual([expect.stringContaining('is of other sources than these')]);
    expect(problems({ complete: false })).toEqual([expect.stringContaining('is not of every loss')]);
    expect(problems({ backends: [{ failed: 1 }] })).toEqual([expect.stringContaining('does not say that every')]);
    expect(problems({ backends: undefined })).toEqual([expect.stringContaining('does not say that every')]);
    put('packages/wasm/conformance.json', '{');
    expect(certificateProblems(root)).toEqual([expect.stringContaining('is not JSON')]);
  });

  test('which a rehearsal may be, too, but not of other sources', () => {
    put('packages/wasm/conformance.json', { ...right(), complete: false });
    expect(certificateProblems(root, { rehearsal: true })).toEqual([]);
    put('packages/core/src/index.ts', 'export const changed = true;');
    expect(certificateProblems(root, { rehearsal: true })).toHaveLength(1);
  });
});

test('sources are what is published and computes; tests are not', () => {
  const before = [sourcesDigest(root), vectorsDigest(root)];
  put('packages/core/src/index.test.ts', 'changed');
  put('packages/core/README.md', 'changed');
  expect([sourcesDigest(root), vectorsDigest(root)]).toEqual(before);
  put('packages/conformance/vectors/huber.json', '{ }');
  expect(vectorsDigest(root)).not.toBe(before[1]);
  for (const file of ['packages/core/src/index.ts', 'packages/wasm/package.json', 'pnpm-lock.yaml']) {
    const digest = sourcesDigest(root);
    put(file, file.endsWith('.json') ? { name: '@isoloss/wasm', version: '1.2.4' } : 'changed');
    expect(sourcesDigest(root), file).not.toBe(digest);
  }
});

test('a report is kept for just the sources of which it is, and not if they changed meanwhile', async () => {
  const run = async () => put('.cache/conformance/report.ndjson', 'report');
  await keepReport(root, run);
  expect(keptReport(root)).toBe(reportFile(root));
  put('packages/core/src/index.ts', 'export const changed = true;');
  expect(keptReport(root)).toBeUndefined();
  await keepReport(root, async () => {
    await run();
    put('packages/core/src/index.ts', 'export {};');
  });
  expect(keptReport(root)).toBeUndefined();
  await expect(keepReport(root, () => Promise.reject(new Error('a vector failed')))).rejects.toThrow('a vector failed');
  expect(keptReport(root)).toBeUndefined();
});

test('packages come after those that they depend on, and never in a circle', () => {
  expect(publicPackages(root).map(({ name }) => name)).toEqual(['@isoloss/core', '@isoloss/wasm']);
  put('packages/core/package.json', { name: '@isoloss/core', dependencies: { '@isoloss/wasm': 'workspace:*' } });
  expect(() => publicPackages(root)).toThrow('in a circle: @isoloss/core, @isoloss/wasm');
});
