import {
  disagreementsHtml,
  disagreementsMarkdown,
  findDisagreements,
  jsonReport,
  loadVectors,
  parseReport,
  runConformance,
  type Subject,
  subjectOf,
} from '@isoloss/conformance';
import { LossInputError, referenceBackend } from '@isoloss/core';
import { expect, test } from 'vitest';

const vectors = await loadVectors(['crossEntropy', 'l1', 'mse']);
const right = subjectOf(referenceBackend());
const evil = 'evil</td><b>|';

/** As torch in crossEntropy/0073, its own way in l1, without a check of labels, without gradients by weights. */
const library = (id: string): Subject => ({
  ...right,
  id,
  foreign: true,
  run: async (request) => {
    if (request.loss === 'mse') return { skipped: { message: 'it has none' } };
    if (request.id === 'l1/0001') throw new LossInputError('INTERNAL', `no ${evil}`);
    const answer = await right.run(request).catch((error) => {
      if (request.id !== 'crossEntropy/0139') throw error;
      return right.run({
        ...request,
        inputs: { ...request.inputs, target: { ...request.inputs.target!, data: new Int32Array([2, 0]) } },
      });
    });
    if (!('value' in answer)) return answer;
    if (request.id === 'crossEntropy/0073') answer.value.data.fill(Number.NaN);
    if (request.id === 'l1/0002') answer.value.data[0]! *= 1 + 1e-9;
    if (request.id === 'l1/0005')
      return {
        value: answer.value,
        gradients: { input: { skipped: { message: 'no autograd' } }, target: { skipped: { message: 'no autograd' } } },
      };
    if (request.id === 'l1/0003') answer.value.data[0]! *= 1 + 5e-15;
    return answer;
  },
});
const run = await runConformance({ backends: [right, library('torch'), library(evil)], vectors, dtypes: ['float64'] });
const page = findDisagreements([parseReport(jsonReport(run))], vectors);

test('says which library differs in which case, and why in the words of the vectors', () => {
  const [ce, l1] = page.losses;
  expect(page.losses.map(({ loss }) => loss)).toEqual(['crossEntropy', 'l1']);
  expect([...ce!.libraries.keys()]).toEqual(['torch', evil]);
  expect(ce!.libraries.get('torch')).toMatchObject({ differs: 1, unrefused: 1 });
  const zero = ce!.disagreements.find(({ why }) => why.startsWith('0·(−ln 0) gives NaN'))!;
  // The cause was recorded for torch; of the other it is only known what the case is about.
  expect(zero.libraries).toEqual(['torch']);
  expect(zero.example.entry.id).toBe('crossEntropy/0073');
  expect(ce!.disagreements.at(-1)!.why).toBe('Such input is refused with LABEL_OUT_OF_RANGE.');
  expect(l1!.libraries.get('torch')).toMatchObject({ differs: 2, inaccurate: 1 });
  expect(l1!.libraries.get('torch')!.worst!.id).toBe('l1/0003');
  // A value without gradients counts as judged, a loss that is not there does not.
  expect(l1!.libraries.get('torch')!.judged).toBe(vectors.find(({ loss }) => loss === 'l1')!.cases.length);
});

test('our own backends are not on it, and there must be others', () => {
  expect(page.libraries.map(({ id }) => id)).toEqual(['torch', evil]);
  const ours = { ...run, backends: run.backends.slice(0, 1) };
  expect(() => findDisagreements([ours], vectors)).toThrow('no foreign implementation took part');
});

test('in Markdown', () => {
  const text = disagreementsMarkdown(page);
  expect(text).toContain('| [crossEntropy](#crossentropy) | 1 of ');
  expect(text).toMatch(/\| torch \| value\\\[0\\\] \| 0\.8490769\d+ \| NaN \| not comparable \|/);
  expect(text).toContain('- input: `[[1, −∞, 0.5], [−∞, 2, 1]]`');
  expect(text).toContain('| torch | value | refused with LABEL\\_OUT\\_OF\\_RANGE | 0.541');
  expect(text).toContain('## Right, but not accurate');
  expect(text).not.toMatch(/<b>|<\/td>/);
  // Digits enough to see that there are two numbers, and every row as wide as its head.
  for (const row of text.matchAll(/^\| .*? \| value.*? \| (\S+) \| (\S+) \|/gm)) expect(row[1]).not.toBe(row[2]);
  for (const block of text.split('\n\n').filter((one) => one.startsWith('|')))
    expect(
      new Set(
        block
          .trim()
          .split('\n')
          .map((row) => row.match(/(?<!\\)\|/g)!.length),
      ).size,
    ).toBe(1);
});

test('in HTML, without a script, a network, or markup of a child', () => {
  const html = disagreementsHtml(page);
  expect(html).toMatch(/^<!doctype html>/);
  expect(html).not.toMatch(/<script|src=|href="(?!#|data:)/);
  expect(html).not.toContain('<b>|');
  expect(html).toContain('evil&lt;/td&gt;');
});
