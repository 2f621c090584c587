import { readFileSync } from 'node:fs';
import {
  badges,
  type ConformanceResult,
  diffInWords,
  diffReports,
  htmlReport,
  jsonReport,
  junitReport,
  loadVectors,
  markdownReport,
  parseReport,
  runConformance,
  type Subject,
  subjectOf,
  summarizePairs,
  terminalReport,
} from '@isoloss/conformance';
import { referenceBackend } from '@isoloss/core';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';

const vectors = await loadVectors(['l1', 'bpr']);
const right = subjectOf(referenceBackend());
const evil = '</td></script><b>evil</b>|`"]]>';

/** Wrong by one in l1/0001, NaN in l1/0002, an error in l1/0003, a refusal in l1/0005, unsupported in bpr/0001. */
const wrong: Subject = {
  ...right,
  id: evil,
  foreign: true,
  violations: async () => [{ what: 'it sang', count: 2, first: 'l1/0001' }],
  run: async (request) => {
    if (request.id === 'l1/0003') throw new Error(`\u0000\u001b[31m${evil}`);
    if (request.id === 'bpr/0001') return { skipped: { message: evil, link: 'https://example.org/1' } };
    const answer = await right.run(request);
    if (!('value' in answer)) return answer;
    const off = request.id === 'l1/0001' ? 1 : request.id === 'l1/0002' ? Number.NaN : 0;
    return { ...answer, value: { ...answer.value, data: answer.value.data.map((x) => x + off) as Float64Array } };
  },
};
const result = await runConformance({ backends: [right, wrong], vectors, dtypes: ['float64'] });
const good = await runConformance({ backends: [right], vectors, dtypes: ['float64'] });

test('every line of the JSON is as the schema has it', () => {
  const schema = JSON.parse(readFileSync(new URL('../schemas/report.schema.json', import.meta.url), 'utf8'));
  const ajv = new Ajv2020({ allowUnionTypes: true, validateFormats: false });
  const valid = ajv.compile(schema);
  for (const line of jsonReport(result).trimEnd().split('\n'))
    expect(valid(JSON.parse(line)), `${line.slice(0, 300)}: ${ajv.errorsText(valid.errors)}`).toBe(true);
  expect(valid({ totals: {} })).toBe(false);
});

test('the JSON is a line an object, without NaN, and is read back as it was', () => {
  const text = jsonReport(result);
  expect(text).not.toMatch(/:(NaN|-?Infinity)/);
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines[0]).toMatchObject({ report: 'isoloss-report/2', losses: ['l1', 'bpr'] });
  expect(lines.at(-1)).toMatchObject({ totals: result.totals, passed: false });
  expect(lines.filter((line) => 'result' in line)).toHaveLength(result.totals.total);
  expect(parseReport(text)).toEqual(JSON.parse(JSON.stringify(result, plain), revived));
  const worst = parseReport(text).cells.find(({ backend }) => backend === evil)!.cases[1]!.failures![0]!;
  expect(worst.got).toBeNaN();
  expect(worst.ratio).toBe(Number.POSITIVE_INFINITY);
});

/** JSON would make null of them. */
const plain = (_: string, value: unknown) =>
  typeof value === 'number' && !Number.isFinite(value) ? { number: String(value) } : value;
const revived = (_: string, value: unknown) =>
  value !== null && typeof value === 'object' && 'number' in value ? Number(value.number) : value;

test.each([
  ['', 'line 1 is not the header'],
  ['{"report":"isoloss-report/1"}\n{"totals":{}}', 'schema isoloss-report/2'],
  [jsonReport(good).split('\n').slice(0, 5).join('\n'), 'the report is cut off'],
  ['{"report":', 'line 1 is not a line of a report'],
])('a broken report is refused', (text, message) => {
  expect(() => parseReport(text)).toThrow(message);
});

describe('the numbers of others stand beside a wrong one', () => {
  test('in the result', () => {
    const [first] = result.cells.find(({ backend }) => backend === evil)!.cases[0]!.failures!;
    expect(first!.got - first!.others!.reference!).toBeCloseTo(1);
  });
});

test('every two are compared', () => {
  const [pair] = summarizePairs(result.pairs);
  expect(pair).toMatchObject({ a: 'reference', b: evil, dtype: 'float64', apart: 2, oneSided: 1, losses: ['l1'] });
  expect(pair!.worst).toMatchObject({ id: 'l1/0002', output: 'value', ulp: Number.POSITIVE_INFINITY, loss: 'l1' });
  expect(summarizePairs(good.pairs)).toEqual([]);
});

test('JUnit has a test a case, and nothing that XML has not', () => {
  const xml = junitReport(result);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  expect(xml).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/);
  expect(xml.match(/<testcase /g)).toHaveLength(result.totals.total + 1);
  expect(xml.match(/<failure /g)).toHaveLength(result.totals.failed + 1);
  expect(xml.match(/<error /g)).toHaveLength(1);
  expect(xml.match(/<skipped /g)).toHaveLength(1);
  expect(xml).not.toContain('<b>');
  // Tags nest.
  const open: string[] = [];
  for (const [, close, name, self] of xml.matchAll(/<(\/?)([a-z]+)\b[^>]*?(\/?)>/g)) {
    if (close) expect(open.pop()).toBe(name);
    else if (!self) open.push(name!);
  }
  expect(open).toEqual([]);
});

test('Markdown: rows of one width, no markup from a child', () => {
  const text = markdownReport(result);
  expect(text).toContain('## ❌ Fail');
  expect(text).toContain('broke the line protocol: it sang');
  expect(text).not.toMatch(/<b>|<\/td>/);
  const widths = text
    .split('\n\n')
    .filter((block) => block.startsWith('|'))
    .map(
      (block) =>
        new Set(
          block
            .trim()
            .split('\n')
            .map((row) => row.match(/(?<!\\)\|/g)!.length),
        ).size,
    );
  expect(widths).toEqual([1, 1, 1]);
  expect(markdownReport(good)).toContain('## ✅ Pass');
});

test('a badge says 100% only of all of them', () => {
  const all = badges(result);
  expect([...all.keys()]).toEqual(['reference.json', 'td-script-b-evil-b.json']);
  expect(all.get('reference.json')).toEqual({
    schemaVersion: 1,
    label: 'isoloss: reference',
    message: `100% of ${result.totals.total / 2} vectors`,
    color: 'brightgreen',
  });
  expect(all.get('td-script-b-evil-b.json')!.message).toMatch(/^97% of \d+ vectors$/);
});

test('the page is one file, and the terminal is not written to by a child', () => {
  expect(htmlReport(result)).not.toContain('<b>evil');
  const text = terminalReport(result, { color: false, width: 100 });
  expect(text).not.toContain('\u001b');
  expect(text).toContain('broke the line protocol: it sang (2 times, first at l1/0001)');
  expect(text).toMatch(/^reference · .* float64/m);
});

describe('diff', () => {
  const renamed = (run: ConformanceResult): ConformanceResult =>
    JSON.parse(JSON.stringify(run, plain).replaceAll(JSON.stringify(evil).slice(1, -1), 'reference'), revived);
  const bad = renamed({
    ...result,
    backends: result.backends.slice(1),
    columns: result.columns.slice(1),
    cells: result.cells.filter(({ backend }) => backend === evil),
  });

  test('of a run and itself is nothing', () => {
    expect(diffReports(good, good)).toMatchObject({ cases: [], numbers: [], backends: [], worse: 0, better: 0 });
  });

  test('names what became worse, and the other way round better', () => {
    const worse = diffReports(good, bad);
    expect(worse.cases.map(({ id, before, after, kind }) => [id, before, after, kind])).toEqual([
      ['l1/0001', 'pass', 'fail', 'worse'],
      ['l1/0002', 'pass', 'fail', 'worse'],
      ['l1/0003', 'pass', 'error', 'worse'],
      ['bpr/0001', 'pass', 'skipped', 'worse'],
    ]);
    expect(diffReports(bad, good)).toMatchObject({ worse: 0, better: 4 });
    expect(diffInWords(worse)).toContain('WORSE: 4 cases; 0 better');
  });

  test('a case that was not run is neither', () => {
    const fewer = { ...good, cells: good.cells.slice(0, 1) };
    const { cases, worse } = diffReports(good, fewer);
    expect(cases.every(({ after, kind }) => after === undefined && kind === 'other')).toBe(true);
    expect(worse).toBe(0);
  });
});
