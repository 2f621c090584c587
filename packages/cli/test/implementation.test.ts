import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { implementationSubject, introduce, loadVectors, runConformance } from '@isoloss/conformance';
import { beforeAll, describe, expect, it } from 'vitest';
import { requireBackend } from '../src/backends.ts';
import { bin, ensureBuilt, inProcess, isoloss, root } from './command.ts';

beforeAll(ensureBuilt);

describe('isoloss serve, judged over the line protocol', () => {
  const losses = ['l1', 'huber', 'multiMargin'];

  it.each(['onnx-node', 'tfjs-cpu'] as const)(
    'equals %s itself, case by case',
    async (id) => {
      const spec = { command: [process.execPath, bin, 'serve', '--backend', id] };
      const known = await introduce(spec);
      expect(known.id).toBe(`isoloss ${id}`);
      const { backend } = await requireBackend(id);
      const subject = implementationSubject(spec, known);
      const { cells, pairs, passed } = await runConformance({
        backends: [backend, subject],
        vectors: await loadVectors(losses),
        filters: { cases: ['/001', '/004'] },
        grade: 'accurate',
      });
      await subject.dispose();
      await backend.dispose();
      const of = (name: string) =>
        cells.filter((cell) => cell.backend === name).map(({ backend: _, milliseconds: __, ...cell }) => cell);
      expect(of(known.id)).toEqual(of(id));
      expect(of(id).reduce((sum, { total }) => sum + total, 0)).toBeGreaterThanOrEqual(50);
      for (const pair of pairs) expect(pair).toMatchObject({ same: pair.cases, apart: 0, oneSided: 0 });
      expect(passed).toBe(true);
    },
    180_000,
  );
});

describe('isoloss conformance --implementation', () => {
  const hostile = (mode: string) =>
    `"${process.execPath}" "${join(root, 'packages/conformance/test/fixtures/hostile.mjs')}" ${mode}`;

  it('judges any number of programs, and none of ours beside them', async () => {
    const { code, stdout } = await isoloss([
      'conformance',
      ...['--implementation', hostile('garbage'), '--implementation', hostile('honest')],
      ...['--loss', 'mse', '--case', 'mse/0001,mse/0002', '--dtype', 'float32'],
    ]);
    expect(code).toBe(1);
    expect(stdout).toContain('mse/0002: error: it printed a line that is not JSON');
    expect(stdout).toMatch(/^ +hostile +hostile 2/m);
    expect(stdout).not.toContain('\u001b');
    expect(stdout).toMatch(/^FAIL 3 of 4 passed, 1 error/m);
  });

  it('knows expected failures, refuses one that passes, and rewrites the list', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'isoloss-expectations-'));
    const file = join(folder, 'hostile.json');
    const run = (mode: string, ...more: string[]) =>
      inProcess([
        'conformance',
        ...['--implementation', hostile(mode), '--loss', 'mse', '--case', 'mse/0001,mse/0002', '--dtype', 'float32'],
        ...['--expectations', file, ...more],
      ]);
    expect((await run('garbage')).stderr).toContain('there is no such file; --update-expectations makes it');
    expect(await run('garbage', '--update-expectations')).toMatchObject({
      code: 0,
      stderr: `wrote ${file}: 1 expected failures of hostile, 1 added, 0 taken off\n`,
    });
    expect(await run('garbage')).toMatchObject({ code: 0, stdout: expect.stringContaining('1 failed as expected') });
    expect(await run('honest')).toMatchObject({ code: 1, stdout: expect.stringContaining('take it off the list') });
    expect((await run('honest', '--update-expectations')).code).toBe(0);
    expect(JSON.parse(readFileSync(file, 'utf8')).expectations).toEqual([]);
    rmSync(folder, { recursive: true });
  });

  it('runs them in several processes', async () => {
    const { code, stdout } = await isoloss([
      'conformance',
      ...['--implementation', `"${process.execPath}" "${bin}" serve`, '--grade', 'accurate', '--jobs', '2'],
      ...['--loss', 'mse,l1', '--flag', 'ordinary'],
    ]);
    expect(stdout).toMatch(/^l1 .*\n^mse .*/m);
    expect(code).toBe(0);
  });
});

describe('isoloss conformance --search', () => {
  it('finds no disagreement of a backend of ours', async () => {
    const { code, stdout } = await inProcess([
      'conformance',
      ...['--search', '30', '--seed', '7', '--backend', 'reference', '--loss', 'l1,huber'],
    ]);
    expect(stdout).toMatch(/^PASS 120 calls, \d+ of them valid: no disagreement \(seed 7\)\n$/);
    expect(code).toBe(0);
  });

  it('finds that of a program, and writes it as a vector', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'isoloss-search-'));
    const file = join(folder, 'found.jsonl');
    const program = join(root, 'packages/conformance/test/fixtures/hostile.mjs');
    const { code, stdout } = await inProcess([
      'conformance',
      ...['--implementation', `"${process.execPath}" "${program}" honest`, '--loss', 'mse', '--dtype', 'float32'],
      ...['--search', '100', '--seed', '7', '--output', file],
    ]);
    expect(code).toBe(1);
    expect(stdout).toContain('FAIL');
    const [vector] = readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(vector).toMatchObject({ flags: ['search'], id: expect.stringMatching(/^mse\/\d{4}$/) });
    rmSync(folder, { recursive: true });
  });

  it.each([
    [['--seed', '7'], '--seed is for --search'],
    [['--search', '0'], '--search is a number from 1'],
    [['--search', '1.5'], '--search is a whole number'],
    [['--search', '5', '--flag', 'kink'], '--flag is about the vectors'],
  ])('refuses %j', async (args, message) => {
    expect(await inProcess(['conformance', ...args])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(message),
    });
  });
});
