import { readFileSync } from 'node:fs';
import {
  type Expectation,
  formatExpectations,
  loadVectors,
  matches,
  parseExpectations,
  runConformance,
  type Subject,
  subjectOf,
  updateExpectations,
} from '@isoloss/conformance';
import { referenceBackend } from '@isoloss/core';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';

const vectors = await loadVectors(['l1']);
const ids = vectors[0]!.cases.map(({ id }) => id);
const cases = ['l1/0001', 'l1/0002', 'l1/0003'];
const right = subjectOf(referenceBackend());

/** Fails the cases named, as `l1/0001` or `l1/0001 float32`. */
const failing = (...wrong: string[]): Subject => ({
  ...right,
  id: 'mine',
  run: async (request) => {
    const answer = await right.run(request);
    if (wrong.some((one) => one === request.id || one === `${request.id} ${request.dtype}`) && 'value' in answer)
      answer.value.data[0] = 99;
    return answer;
  },
});
const run = (subject: Subject, expectations: readonly Expectation[]) =>
  runConformance({ backends: [subject], vectors, filters: { cases }, expectations: { mine: expectations } });
const known = (pattern: string, more: Partial<Expectation> = {}): Expectation => ({ pattern, reason: 'why', ...more });

test('a pattern is an id with stars', () => {
  expect(matches('huber/0007', 'huber/0007')).toBe(true);
  expect(matches('huber/*', 'huber/0007')).toBe(true);
  expect(matches('*/0007', 'huber/0007')).toBe(true);
  expect(matches('huber/00', 'huber/0007')).toBe(false);
  expect(matches('h.ber/*', 'huber/0007')).toBe(false);
});

describe('a run', () => {
  test('passes with what is known, and says how much that is', async () => {
    const { passed, totals } = await run(failing('l1/0001'), [known('l1/0001', { link: 'https://example.org' })]);
    expect(passed).toBe(true);
    expect(totals).toMatchObject({ expectedFailures: 2, failed: 0, passed: 4 });
  });

  test('fails when a known failure passes, in one dtype too', async () => {
    const { passed, cells } = await run(failing('l1/0001 float32'), [known('l1/0001')]);
    expect(passed).toBe(false);
    const [result] = cells.find(({ dtype }) => dtype === 'float64')!.cases;
    expect(result).toMatchObject({ outcome: 'fail', unexpectedPass: true });
    expect(result!.reason).toContain('take it off the list');
  });

  test('covers errors, not only wrong numbers', async () => {
    const crash: Subject = { ...failing(), run: () => Promise.reject(new Error('boom')) };
    expect((await run(crash, [known('l1/*')])).passed).toBe(true);
  });
});

describe('an update', () => {
  const update = async (subject: Subject, before: readonly Expectation[]) => {
    const { expectations, ...counts } = updateExpectations(before, await run(subject, before), 'mine', ids);
    return { ...counts, entries: expectations.map(({ pattern, dtype, reason }) => [pattern, dtype, reason]) };
  };

  test('adds what fails, with the failure as its reason', async () => {
    const { added, entries } = await update(failing('l1/0001', 'l1/0002 float32'), []);
    expect(added).toBe(3);
    expect(entries).toEqual([
      ['l1/0001', undefined, expect.stringContaining('not explained yet: value[0] is 99, exactly')],
      ['l1/0002', 'float32', expect.stringContaining('not explained yet: value[0] is 99')],
    ]);
  });

  test('takes off what passes, and keeps what was not run', async () => {
    const { removed, entries } = await update(failing(), [known('l1/0001'), known('l1/0042'), known('mse/*')]);
    expect(removed).toBe(2);
    expect(entries.map(([pattern]) => pattern)).toEqual(['l1/0042', 'mse/*']);
  });

  test('narrows a pattern to the cases for which it holds', async () => {
    const { entries } = await update(failing('l1/0001', 'l1/0002 float64'), [known('l1/000*')]);
    // The cases from 0004 on were not run: nothing is known against them.
    expect(entries.slice(0, 3)).toEqual([
      ['l1/0001', undefined, 'why'],
      ['l1/0002', 'float64', 'why'],
      ['l1/0004', undefined, 'why'],
    ]);
    expect(entries.some(([pattern]) => pattern === 'l1/0003')).toBe(false);
  });

  test('is settled after one turn', async () => {
    const subject = failing('l1/0001', 'l1/0002 float32');
    const once = updateExpectations([known('l1/0003')], await run(subject, [known('l1/0003')]), 'mine', ids);
    const after = await run(subject, once.expectations);
    expect(after.passed).toBe(true);
    expect(updateExpectations(once.expectations, after, 'mine', ids)).toMatchObject({ added: 0, removed: 0 });
  });
});

describe('a file', () => {
  const schema = JSON.parse(readFileSync(new URL('../schemas/expectations.schema.json', import.meta.url), 'utf8'));
  const valid = new Ajv2020().compile(schema);
  const file = (expectations: unknown) =>
    JSON.stringify({ schema: 'isoloss-expectations/1', implementation: 'mine', expectations });

  test('is written as it is read', () => {
    const expectations = [known('l1/*', { dtype: 'float32', link: 'https://example.org/' }), known('mse/0001')];
    const text = formatExpectations({ schema: 'isoloss-expectations/1', implementation: 'mine', expectations });
    expect(valid(JSON.parse(text))).toBe(true);
    expect(parseExpectations(text)).toMatchObject({ implementation: 'mine', expectations });
    expect(
      parseExpectations(formatExpectations({ ...parseExpectations(text), expectations: [] })).expectations,
    ).toEqual([]);
  });

  test.each([
    ['{}', 'its schema is undefined'],
    [file({}), 'expectations is a list'],
    [file([{ pattern: 'l1/0001' }]), 'expectations[0]: l1/0001 needs a reason'],
    [file([{ pattern: 'l1', reason: 'x' }]), 'pattern is as huber/0007'],
    [file([{ pattern: 'l1/*', reason: 'x', link: 'javascript:alert(1)' }]), 'link is a http or https address'],
    [file([{ pattern: 'l1/*', reason: 'x', dtype: 'float16' }]), 'dtype is float32 or float64'],
    [file([{ pattern: 'l1/*', reason: 'x', until: 'y' }]), 'there is no field until'],
  ])('%s is refused', (text, message) => {
    expect(() => parseExpectations(text)).toThrow(message);
    expect(valid(JSON.parse(text))).toBe(false);
  });
});
