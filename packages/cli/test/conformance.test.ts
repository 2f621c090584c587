import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureBuilt, inProcess, isoloss } from './command.ts';

const folder = mkdtempSync(join(tmpdir(), 'isoloss-conformance-'));
beforeAll(ensureBuilt);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('isoloss conformance', () => {
  it('runs the vectors on the backends asked for, prints the matrix and writes the report', async () => {
    const file = join(folder, 'report.json');
    const args = [
      '--backend',
      'reference,onnx-node',
      '--loss',
      'l1,mse',
      '--case',
      '/000,/001',
      '--report',
      'json',
      '--output',
      file,
    ];
    const { code, stdout, stderr } = await isoloss(['conformance', ...args]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^l1 .*\d+\/\d+/m);
    expect(stdout).toMatch(/^PASS \d+ of \d+ passed/m);
    expect(stderr).toContain(`wrote ${file}`);
    const report = JSON.parse(readFileSync(file, 'utf8'));
    expect(report).toMatchObject({ schema: 'isoloss-report/1', passed: true, losses: ['l1', 'mse'] });
    expect(report.columns).toHaveLength(4);
    for (const { total, passed } of report.cells) expect(passed).toBe(total);
  });

  it('gives JSON, one dtype and some cases', async () => {
    const args = [
      '--backend',
      'reference',
      '--loss',
      'smooth-l1',
      '--dtype',
      'float32',
      '--case',
      'smoothL1/0001,smoothL1/0002',
    ];
    const { code, stdout } = await isoloss(['conformance', ...args, '--json']);
    expect(code).toBe(0);
    const { totals, columns } = JSON.parse(stdout);
    expect(totals).toMatchObject({ total: 2, passed: 2, failed: 0 });
    expect(columns).toEqual([{ backend: 'reference', dtype: 'float32', offered: true, grade: 'accurate' }]);
  });

  it('writes a report for people in one file that needs no network', async () => {
    const file = join(folder, 'report.html');
    const { code } = await isoloss(['conformance', '--backend', 'reference', '--loss', 'l1', '--output', file]);
    expect(code).toBe(0);
    const html = readFileSync(file, 'utf8');
    expect(html).toMatch(/^<!doctype html>/i);
    expect(html).not.toMatch(/(src|href)="https?:[^"]+\.(js|css)"/);
  });

  it.each([
    [['--backend', 'gpu'], 'there is no backend'],
    [['--loss', 'hubr'], 'did you mean huber?'],
    [['--dtype', 'float16'], 'float32 or float64'],
    [['--report', 'pdf'], 'html or json'],
    [['--output', 'report.txt'], 'name it .html or .json'],
    [['--loss', 'l1', '--case', 'mse/0001'], 'no case has mse/0001'],
    [
      [
        '--backend',
        'reference',
        '--loss',
        'l1',
        '--case',
        'l1/0001',
        '--output',
        join(import.meta.filename, 'report.json'),
      ],
      '--output',
    ],
  ])('refuses %j with exit code 2', async (args, message) => {
    const { code, stderr } = await inProcess(['conformance', ...args]);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(stderr).toMatch(/^isoloss: .*\n$/);
  });
});
