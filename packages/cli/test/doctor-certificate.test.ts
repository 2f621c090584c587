import type { Certificate } from '@isoloss/conformance';
import { version } from '@isoloss/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureBuilt } from './command.ts';
import { install } from './doctor-install.ts';
import { parseReport } from './doctor-schema.ts';

beforeAll(ensureBuilt);

const cell = { passed: 87, failed: 0, skipped: 0, worst: 0.87 };
const certificate = (runtime: string): Certificate => ({
  schema: 'isoloss-certificate/1',
  package: '@isoloss/wasm',
  release: version,
  commit: null,
  sources: 'a'.repeat(64),
  date: '2026-11-22T10:00:00.000Z',
  place: { os: 'linux', arch: 'x64', node: '20.20.2', processor: 'one' },
  vectors: { sha256: 'b'.repeat(64), losses: 1, cases: 87 },
  complete: true,
  backends: [{ id: 'wasm', runtime, ...cell, losses: { huber: { float32: cell } } }],
});

describe('isoloss doctor of packages that carry the conformance report of their release', () => {
  let place: ReturnType<typeof install>;
  beforeAll(() => {
    place = install();
  });
  afterAll(() => place?.remove());

  const examine = async () => {
    const [json, page] = await Promise.all(
      [['--json'], []].map((more) => place.run(['doctor', '--backend', 'reference,wasm', ...more])),
    );
    expect([json!.code, page!.code]).toEqual([0, 0]);
    const [reference, wasm] = parseReport(json!.stdout).backends;
    return { reference: reference!, wasm: wasm!, page: page!.stdout };
  };
  const carry = (text: string) => place.add('@isoloss/wasm', { 'conformance.json': text });

  it('shows what was certified, on which runtime, and that it is the one here', async () => {
    const none = await examine();
    expect([none.reference.certificate, none.wasm.certificate]).toEqual([null, null]);
    expect(none.page).not.toMatch(/certified/);

    carry(JSON.stringify(certificate(none.wasm.runtime!)));
    const { wasm, reference, page } = await examine();
    expect(reference.certificate).toBeNull();
    expect(wasm.certificate).toMatchObject({ release: version, passed: 87, total: 87, losses: 1, sameRuntime: true });
    expect(wasm.certificate!.remedy).toBeNull();
    expect(page.replace(/\s+/g, ' ')).toContain(
      `certified: release ${version}: 87 of 87 vectors of 1 loss passed, on ${wasm.runtime} (Node 20.20.2, linux x64)`,
    );
    expect(page).not.toContain('not what was certified');
  });

  it('says what to run where another version of the runtime is here', async () => {
    carry(JSON.stringify(certificate('WebAssembly of old')));
    const { wasm, page } = await examine();
    expect(wasm).toMatchObject({ status: 'works', certificate: { sameRuntime: false, runtime: 'WebAssembly of old' } });
    expect(wasm.certificate!.remedy).toBe(
      `${wasm.runtime} runs here; isoloss conformance --backend wasm shows whether it holds the same vectors`,
    );
    expect(page).toContain('not what was certified: ');
  });

  it.each([
    ['of a rehearsal', JSON.stringify({ ...certificate('x'), complete: false }), /not certified, only rehearsed: /],
    [
      'of a form that is not known',
      JSON.stringify({ ...certificate('x'), schema: 'isoloss-certificate/2' }),
      /^(?!.*certif)/s,
    ],
    ['that is no JSON', '{', /^(?!.*certif)/s],
    ['of other backends', JSON.stringify({ ...certificate('x'), backends: [] }), /^(?!.*certif)/s],
  ])('a report %s is not taken for more', async (_, text, page) => {
    carry(text);
    expect((await examine()).page).toMatch(page);
  });
});
