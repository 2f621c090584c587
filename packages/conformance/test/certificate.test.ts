import { readFileSync } from 'node:fs';
import {
  type CertificateOrigin,
  type ConformanceResult,
  certificateOf,
  jsonReport,
  loadVectors,
  parseReport,
  runConformance,
  type Subject,
  subjectOf,
} from '@isoloss/conformance';
import { referenceBackend } from '@isoloss/core';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';

const vectors = await loadVectors(['l1', 'bpr']);
const right = subjectOf(referenceBackend());
const origin: CertificateOrigin = {
  package: '@isoloss/example',
  release: '1.2.3',
  commit: null,
  sources: 'a'.repeat(64),
  vectors: 'b'.repeat(64),
  place: { os: 'linux', arch: 'x64', node: '20.20.2', processor: 'one' },
  complete: true,
  backends: ['reference'],
};
// As scripts/certify.mjs has it: from the report that a run wrote.
const run = async (subject: Subject): Promise<ConformanceResult> =>
  parseReport(jsonReport(await runConformance({ backends: [subject], vectors })));
const result = await run(right);

test('says by loss and dtype what passed and how near the bound it came, as its schema has it', () => {
  const certificate = certificateOf(result, origin);
  const schema = JSON.parse(readFileSync(new URL('../schemas/certificate.schema.json', import.meta.url), 'utf8'));
  const ajv = new Ajv2020({ allowUnionTypes: true, validateFormats: false });
  const valid = ajv.compile(schema);
  expect(valid(JSON.parse(JSON.stringify(certificate))), ajv.errorsText(valid.errors)).toBe(true);
  const cases = vectors.flatMap((file) => file.cases).length;
  expect(certificate.vectors).toEqual({ sha256: origin.vectors, losses: 2, cases });
  const [backend] = certificate.backends;
  expect(backend).toMatchObject({ id: 'reference', passed: 2 * cases, failed: 0, skipped: 0 });
  expect(Object.keys(backend!.losses)).toEqual(['l1', 'bpr']);
  const cell = result.cells.find(({ loss, dtype }) => loss === 'bpr' && dtype === 'float32')!;
  expect(backend!.losses.bpr!.float32).toMatchObject({ passed: cell.passed, failed: 0, skipped: 0 });
  expect(backend!.losses.bpr!.float32!.worst).toBeCloseTo(cell.worstRatio!.ratio, 2);
});

test('is refused where a vector failed, or a backend was not there', async () => {
  const wrong: Subject = {
    ...right,
    run: async (request) => {
      const answer = await right.run(request);
      if (request.id !== 'l1/0001' || !('value' in answer)) return answer;
      return { ...answer, value: { ...answer.value, data: answer.value.data.map((x) => x + 1) as Float64Array } };
    },
  };
  const failed = await run(wrong);
  expect(() => certificateOf(failed, origin)).toThrow('reference fails 2 vectors: l1/0001 in float32');
  expect(() => certificateOf(result, { ...origin, backends: ['tfjs-node'] })).toThrow('tfjs-node did not take part');
  const absent: Subject = {
    ...right,
    describe: async () => ({ ...(await right.describe()), available: false, reason: 'no binding' }),
  };
  const left = await run(absent);
  expect(() => certificateOf(left, origin)).toThrow('reference was not available: no binding');
});
