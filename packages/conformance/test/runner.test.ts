import { htmlReport, loadVectors, runConformance, type Subject, subjectOf, terminalReport } from '@isoloss/conformance';
import { LossInputError, referenceBackend, UnsupportedError } from '@isoloss/core';
import { describe, expect, test } from 'vitest';

const vectors = await loadVectors(['l1', 'huber']);
const right = () => subjectOf(referenceBackend());
const wrapped = (change: Partial<Subject>): Subject => ({ ...right(), id: 'wrapped', ...change });
const run = (backends: Parameters<typeof runConformance>[0]['backends'], more = {}) =>
  runConformance({ backends, vectors, ...more });

test('the reference passes, and every cell is reported', async () => {
  const seen: string[] = [];
  const result = await run([referenceBackend()], {
    onProgress: ({ cell, done, total }: { cell: { loss: string; dtype: string }; done: number; total: number }) =>
      seen.push(`${cell.loss} ${cell.dtype} ${done}/${total}`),
  });
  expect(result.passed).toBe(true);
  expect(result.totals.passed).toBe(result.totals.total);
  expect(seen).toEqual(['l1 float32 1/4', 'l1 float64 2/4', 'huber float32 3/4', 'huber float64 4/4']);
  for (const cell of result.cells) expect(cell.worstRatio!.ratio).toBeLessThanOrEqual(1);
});

test('a wrong number fails, with both numbers side by side', async () => {
  const subject = wrapped({
    run: async (request) => {
      const answer = await right().run(request);
      if ('value' in answer) answer.value.data[0]! += 1;
      return answer;
    },
  });
  const result = await run([subject], { dtypes: ['float64'] });
  expect(result.passed).toBe(false);
  const failed = result.cells[0]!.cases.find(({ outcome }) => outcome === 'fail')!;
  expect(failed.failures![0]).toMatchObject({ output: 'value', index: 0 });
  expect(failed.failures![0]!.got - failed.failures![0]!.exact).toBeCloseTo(1);
});

test('a crash of one case is an error of that case', async () => {
  const subject = wrapped({
    run: async (request) => {
      if (request.id === 'l1/0002') throw new TypeError('boom');
      return right().run(request);
    },
  });
  const { totals, passed, cells } = await run([subject], { dtypes: ['float32'] });
  expect(totals).toMatchObject({ errors: 1, failed: 0, passed: totals.total - 1 });
  expect(cells[0]!.cases[1]).toMatchObject({ outcome: 'error', reason: 'boom' });
  expect(passed).toBe(false);
});

test('what is not supported is skipped, with the reason, and not passed', async () => {
  const subject = wrapped({ run: () => Promise.reject(new UnsupportedError('no such kernel')) });
  const { totals, passed } = await run([subject], { dtypes: ['float32'] });
  expect(totals).toMatchObject({ passed: 0, skipped: totals.total, failed: 0 });
  expect(passed).toBe(true);
});

test('a dtype that the runtime lacks is not offered, and no case is skipped', async () => {
  const description = await referenceBackend().describe();
  const subject = wrapped({ describe: async () => ({ ...description, dtypes: ['float32'] }) });
  const { columns, totals } = await run([subject]);
  expect(columns.map(({ dtype, offered }) => [dtype, offered])).toEqual([
    ['float32', true],
    ['float64', false],
  ]);
  expect(totals.skipped).toBe(0);
});

test('a backend that is not available is skipped with why and what to do', async () => {
  const description = await referenceBackend().describe();
  const subject = wrapped({
    describe: async () => ({ ...description, available: false, dtypes: [], reason: 'no binding', remedy: 'run setup' }),
  });
  const { cells, totals } = await run([subject]);
  expect(totals.skipped).toBe(totals.total);
  expect(cells[0]!.cases[0]!.reason).toBe('not available: no binding (run setup)');
});

describe('expected errors', () => {
  const wrongCode = (foreign: boolean) =>
    wrapped({
      foreign,
      run: async (request) => {
        try {
          return await right().run(request);
        } catch (error) {
          throw error instanceof LossInputError ? new LossInputError('INTERNAL', 'something') : error;
        }
      },
    });
  test('another code fails', async () => {
    const { cells } = await run([wrongCode(false)], { dtypes: ['float32'], filters: { flags: ['error'] } });
    expect(cells.every(({ passed }) => passed === 0)).toBe(true);
  });
  test('of a foreign implementation any matches', async () => {
    const { passed } = await run([wrongCode(true)], { dtypes: ['float32'], filters: { flags: ['error'] } });
    expect(passed).toBe(true);
  });
});

test('a gradient that is left out is a skip, of that case', async () => {
  const subject = wrapped({
    foreign: true,
    run: async (request) => {
      const answer = await right().run(request);
      if (!('value' in answer) || answer.gradients.weight === undefined) return answer;
      return {
        ...answer,
        gradients: { ...answer.gradients, weight: { skipped: { message: 'no gradient for weights' } } },
      };
    },
  });
  const { cells, totals } = await run([subject], { dtypes: ['float32'] });
  expect(totals.failed).toBe(0);
  expect(totals.skipped).toBeGreaterThan(0);
  expect(cells[0]!.cases.find(({ outcome }) => outcome === 'skipped')!.reason).toBe('no gradient by weight');
});

describe('expected failures', () => {
  const known = (id: string) => ({
    expectations: { wrapped: [{ pattern: id, reason: 'known', link: 'https://example.org' }] },
  });
  test('do not fail the run', async () => {
    const subject = wrapped({
      run: async (request) => {
        const answer = await right().run(request);
        if (request.id === 'l1/0001' && 'value' in answer) answer.value.data[0] = 99;
        return answer;
      },
    });
    const result = await run([subject], { dtypes: ['float32'], ...known('l1/0001') });
    expect(result.passed).toBe(true);
    expect(result.totals.expectedFailures).toBe(1);
    expect(result.totals.passed).toBe(result.totals.total - 1);
  });
  test('fail it when they pass', async () => {
    const result = await run([wrapped({})], { dtypes: ['float32'], ...known('l1/0001') });
    expect(result.totals.failed).toBe(1);
  });
});

describe('reports', async () => {
  const hostile = wrapped({
    id: '<b>evil</b>',
    run: () => Promise.reject(new Error('</script><script>alert(1)</script><!--')),
  });
  const result = await run([referenceBackend(), hostile], { dtypes: ['float32', 'float64'] });

  test('the matrix fits its width and says what failed', () => {
    const text = terminalReport(result, { width: 60, color: false, failures: 1 });
    const table = text.split('\n\n').slice(0, 2).join('\n');
    expect(Math.max(...table.split('\n').map((line) => line.length))).toBeLessThanOrEqual(60);
    expect(text).toContain('FAIL');
    expect(text).not.toContain('\u001b[');
    expect(terminalReport(result, { width: 60, color: true })).toContain('\u001b[');
  });

  test('the page has no outside resource and no markup from a child', () => {
    const page = htmlReport(result);
    expect(page).not.toMatch(/<(script|link|img)[^>]+(src|href)="(?!data:)/);
    expect(page).not.toContain('<b>evil');
    expect(page).not.toContain('</script><script>alert');
    expect(page.match(/<script/g)).toHaveLength(2);
    const data = page.match(/<script type="application\/json" id="data">(.*?)<\/script>/s)![1]!;
    expect(JSON.parse(data).cells).toHaveLength(result.cells.length);
  });
});
