import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseReport } from '@isoloss/conformance';
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
    const report = parseReport(readFileSync(file, 'utf8'));
    expect(report).toMatchObject({ passed: true, losses: ['l1', 'mse'] });
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
    const { totals, columns } = parseReport(stdout);
    expect(totals).toMatchObject({ total: 2, passed: 2, failed: 0 });
    expect(columns).toEqual([{ backend: 'reference', dtype: 'float32', offered: true, grade: 'accurate' }]);
  });

  it('writes several reports of one run, and says what changed between two', async () => {
    const out = join(folder, 'several');
    const run = ['conformance', '--backend', 'reference', '--loss', 'l1', '--dtype', 'float32'];
    const reports = [
      '--report',
      'html,junit,badge',
      '--report',
      `markdown=${join(folder, 'own.md')}`,
      '--report',
      'json',
    ];
    const { code, stderr } = await isoloss([...run, '--flag', 'kink', ...reports, '--output', out]);
    expect({ code, stderr: stderr.match(/wrote/g)?.length }).toEqual({ code: 0, stderr: 5 });
    expect(readdirSync(out).sort()).toEqual(['badges', 'junit.xml', 'report.html', 'report.json']);
    expect(readFileSync(join(folder, 'own.md'), 'utf8')).toContain('✅ Pass');
    expect(JSON.parse(readFileSync(join(out, 'badges/reference.json'), 'utf8')).schemaVersion).toBe(1);

    const before = join(out, 'report.json');
    const same = await isoloss(['conformance', 'diff', before, before]);
    expect(same.code).toBe(0);
    expect(same.stdout).toMatch(/^nothing became worse; 0 better, of \d+ cases in both runs\n$/);
    const after = join(out, 'after.json');
    writeFileSync(
      after,
      readFileSync(before, 'utf8').replaceAll('"outcome":"pass"', '"outcome":"error","reason":"why"'),
    );
    const worse = await isoloss(['conformance', 'diff', before, after, '--json']);
    expect(worse.code).toBe(1);
    expect(JSON.parse(worse.stdout).cases[0]).toMatchObject({ before: 'pass', after: 'error', reason: 'why' });
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
    [['--report', 'pdf'], 'html, json, junit, markdown or badge'],
    [['--report', 'html=a,b', '--output', 'x'], 'has a file of its own'],
    [['--report', 'html,json=x', '--report', 'json=x'], 'is html, json'],
    [['--family', 'regresion'], 'there is no family "regresion"'],
    [['--loss', 'l1', '--flag', 'knik'], 'no case has the flag "knik"; there are'],
    [['--grade', 'good'], 'accurate or conforming'],
    [['--implementation', '"x'], 'never closes it'],
    [['--implementation-file', '/no/such.json'], '/no/such.json'],
    [['--case-timeout', '0'], '--case-timeout is a number from'],
    [['diff', '/no/such.json', 'x'], '/no/such.json: ENOENT'],
    [['--output', 'report.txt'], 'name it .html, .json, .xml or .md'],
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
