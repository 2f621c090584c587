import { readFileSync } from 'node:fs';
import {
  type Finding,
  loadVectors,
  mutants,
  parseVectors,
  runConformance,
  search,
  subjectOf,
  type VectorCaseJSON,
} from '@isoloss/conformance';
import { referenceBackend } from '@isoloss/core';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';

const schema = JSON.parse(readFileSync(new URL('../schemas/vectors.schema.json', import.meta.url), 'utf8'));
const ajv = new Ajv2020({ allowUnionTypes: true });
const valid = ajv.compile(schema);
const right = subjectOf(referenceBackend());
const draws = { draws: 200, seed: 7 };

test.each(['huber', 'crossEntropy', 'dice', 'iou', 'supCon', 'listMle'])(
  'the reference agrees with itself on %s, on valid calls mostly',
  async (loss) => {
    const { finding, drawn, valid } = await search({ loss, subject: right, dtype: 'float32', ...draws });
    expect(finding).toBeUndefined();
    expect(drawn).toBe(200);
    expect(valid).toBeGreaterThan(60);
    expect(valid).toBeLessThan(200);
  },
);

/** A vectors file with what was found at its end. */
const appended = (loss: string, vector: VectorCaseJSON) => ({
  schema: 'isoloss-vectors/1' as const,
  loss,
  sources: [{ name: 'isoloss reference' }],
  notes: { search: { description: 'Found by the property search.', links: [] } },
  cases: [vector],
});

describe('broken backends', () => {
  const found = [
    'gradient sign',
    'lost precision',
    'slope of abs at 0',
    'mean over the count',
    'no −delta/2',
    'clipped probabilities',
    'posWeight on negatives',
    'wrong label gradient',
    'smoothing over K − 1',
    'labels from 1',
    '0·log 0',
    'eps under the root',
  ];

  test.each(found.map((name) => mutants.find((mutant) => mutant.name === name)!))(
    '$loss: $name is found, as a vector that fails it and passes the reference',
    async (mutant) => {
      const [dtype] = mutant.dtypes;
      const request = {
        loss: mutant.loss,
        subject: mutant.subject(),
        dtype: dtype!,
        id: `${mutant.loss}/9001`,
        ...draws,
      };
      const { finding } = await search(request);
      const { vector, verdict } = finding as Finding;
      expect(verdict.outcome).toBe('fail');
      expect(vector.comment).toContain(`--search 200 --seed 7 on mutant ${mutant.name}`);
      const file = appended(mutant.loss, vector);
      expect(valid(file), ajv.errorsText(valid.errors)).toBe(true);
      // Small enough to be read.
      const numbers = Object.values(vector.inputs).flatMap((tensor) => (tensor as { data: unknown[] }).data);
      expect(numbers.length).toBeLessThanOrEqual(12);
      const { cells } = await runConformance({
        backends: [right, mutant.subject()],
        vectors: [parseVectors(JSON.parse(JSON.stringify(file)))],
        dtypes: [dtype!],
      });
      expect(cells.map(({ cases }) => cases[0]!.outcome)).toEqual(['pass', 'fail']);
    },
  );

  test('are found the same way again by the same seed', async () => {
    const { loss, subject } = mutants.find(({ name }) => name === 'gradient sign')!;
    const once = () => search({ loss, subject: subject(), dtype: 'float64', ...draws });
    expect((await once()).finding!.vector).toEqual((await once()).finding!.vector);
  });

  test('one that takes what is to be refused is found, too', async () => {
    const lenient = {
      ...right,
      id: 'lenient',
      run: async (request: Parameters<typeof right.run>[0]) => {
        const { surplus: _, ...inputs } = request.inputs;
        return right.run({ ...request, inputs });
      },
    };
    const { finding } = await search({ loss: 'l1', subject: lenient, dtype: 'float64', ...draws });
    expect(finding!.vector.expected).toEqual({ error: 'UNKNOWN_INPUT' });
    expect(valid(appended('l1', { ...finding!.vector, id: 'l1/9001' }))).toBe(true);
  });
});

test('a subject that leaves everything out is neither right nor wrong', async () => {
  const none = { ...right, run: async () => ({ skipped: { message: 'not here' } }) };
  const { finding, skipped, drawn } = await search({ loss: 'l1', subject: none, dtype: 'float32', draws: 20, seed: 1 });
  expect(finding).toBeUndefined();
  expect(skipped).toBe(drawn);
});

test('the sensitivity of a finding is that of the vectors', async () => {
  const { resultsOf } = await import('../src/search/sensitivity.ts');
  const entry = (await loadVectors(['huber']))[0]!.cases[1]!;
  const { expected } = entry;
  if ('error' in expected) throw new Error('huber/0002 has numbers');
  const { value, gradients } = resultsOf(entry, expected);
  const pairs = [
    [value, expected.value],
    [gradients!.input!, expected.gradients.input!],
  ] as const;
  for (const [got, oracle] of pairs)
    for (const [k, s] of got.sensitivity!.entries()) expect(Number(s)).toBeCloseTo(oracle.sensitivity![k]!, 4);
});
