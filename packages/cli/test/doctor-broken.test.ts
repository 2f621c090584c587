import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BackendReport, DoctorReport } from '../src/doctor/doctor.ts';
import { ensureBuilt } from './command.ts';
import { fakeRuntime, install } from './doctor-install.ts';
import { parseReport } from './doctor-schema.ts';

beforeAll(ensureBuilt);

describe('isoloss doctor of an installation with a broken package', () => {
  let place: ReturnType<typeof install>;
  beforeAll(() => {
    place = install();
  });
  afterAll(() => place?.remove());

  const examine = async (
    ...args: string[]
  ): Promise<{ code: number | null; onnx: BackendReport; report: DoctorReport }> => {
    const { code, stdout } = await place.run(['doctor', '--json', ...args]);
    const report = parseReport(stdout);
    return { code, report, onnx: report.backends.find(({ id }) => id === 'onnx-node')! };
  };

  it('takes what is not installed for optional, unless it was asked for', async () => {
    const [all, asked] = await Promise.all([examine(), examine('--backend', 'onnx-node')]);
    expect(all.report.backends.map(({ status }) => status)).toEqual([
      'works',
      'works',
      'missing',
      'missing',
      'missing',
      'missing',
    ]);
    expect(all).toMatchObject({ code: 0, report: { ok: true } });
    expect(all.onnx).toMatchObject({
      reason: 'onnxruntime-node is not installed',
      remedy: 'npm install onnxruntime-node',
      packages: [{ name: '@isoloss/onnx' }, { name: 'onnxruntime-node', version: null }],
    });
    expect(asked.code).toBe(1);
    expect(asked.report.problems).toEqual([
      'onnx-node: onnxruntime-node is not installed; to mend it: npm install onnxruntime-node',
    ]);
  });

  it.each([
    ['throws', `throw new Error('GLIBC_2.38 not found')`, /GLIBC_2\.38 not found/],
    ['is no JavaScript', `const = 1;`, /Unexpected token/],
    ['aborts the process', `process.abort();`, /SIGABRT|exit code/],
    ['exits', `console.error('fatal: no AVX'); process.exit(7);`, /exit code 7.*fatal: no AVX/],
    ['hangs', `for (;;);`, /did not answer within 4 s/],
    ['has nothing in it', `module.exports = {};`, /\w/],
    ['prints garbage', `console.log('{"ok": 1}'); throw new Error('after garbage');`, /after garbage/],
  ])('a package that %s is a line of the report, and the others still work', async (how, code, reason) => {
    place.put('onnxruntime-node', fakeRuntime(code));
    const found = await examine('--backend', 'onnx-node,reference', '--timeout', how === 'hangs' ? '4' : '60');
    expect(found.onnx).toMatchObject({ status: 'broken', remedy: expect.stringMatching(/install|conformance/) });
    expect(found.onnx.reason).toMatch(reason);
    expect(found.onnx.packages[1]).toMatchObject({
      native: expect.stringContaining('onnxruntime_binding.node'),
      installScript: { state: 'not needed' },
    });
    expect(found.report.backends[1]).toMatchObject({
      id: 'reference',
      status: how === 'hangs' ? expect.any(String) : 'works',
    });
    expect(found).toMatchObject({ code: 1, report: { ok: false, problems: [expect.stringContaining('onnx-node: ')] } });
  });

  it('says that a binding is missing, and who has blocked the script that gets it', async () => {
    const manifest = (name: string, version: string, install?: string) => ({
      'package.json': JSON.stringify({ name, version, main: 'x.js', ...(install ? { scripts: { install } } : {}) }),
      'x.js': '',
    });
    place.put('@tensorflow/tfjs-core', manifest('@tensorflow/tfjs-core', '4.22.0'));
    place.put('@tensorflow/tfjs-node', manifest('@tensorflow/tfjs-node', '4.22.0', 'node scripts/install.js'));
    place.drop('onnxruntime-node');
    const native = async () => (await examine('--backend', 'tfjs-node')).report.backends[0]!;
    expect(await native()).toMatchObject({
      status: 'unfinished',
      reason: expect.stringContaining('its install script did not run, or failed'),
      remedy: 'isoloss setup tfjs-node',
    });
    writeFileSync(join(place.folder, 'node_modules/.package-lock.json'), '{}');
    expect(await native()).toMatchObject({
      reason: expect.stringContaining('was blocked by npm'),
      packages: [{}, {}, { native: null, installScript: { command: 'node scripts/install.js', state: 'blocked' } }],
    });
  });
});
