import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChoiceReport } from '../src/choose/types.ts';
import { ensureBuilt, root } from './command.ts';
import { fakeRuntime, install } from './doctor-install.ts';
import { conforms } from './schemas.ts';

beforeAll(ensureBuilt);

describe('an installation in which something is wrong', () => {
  let place: ReturnType<typeof install>;
  beforeAll(() => {
    place = install();
    const conformance = join(root, 'packages/conformance');
    const read = (path: string) => readFileSync(join(conformance, path), 'utf8');
    place.copy('@isoloss/conformance', join(conformance, 'dist'), 'dist');
    place.add('@isoloss/conformance', {
      'package.json': read('package.json'),
      'vectors/mse.json': read('vectors/mse.json'),
    });
  });
  afterAll(() => place?.remove());

  it('never recommends what computes wrongly or crashes', async () => {
    // A hundredth too much, as fast as can be, and an onnxruntime-node that takes its process with it.
    place.put('@isoloss/wasm', {
      'package.json': JSON.stringify({
        name: '@isoloss/wasm',
        version: '0.0.0',
        type: 'module',
        exports: './index.js',
      }),
      'index.js': `import { referenceBackend } from '@isoloss/core';
        export function wasmBackend() {
          const reference = referenceBackend();
          const more = (x) => ({ ...x, data: x.data.map((one) => one * 1.01) });
          return {
            ...reference,
            id: 'wasm',
            describe: async () => ({ ...(await reference.describe()), id: 'wasm' }),
            async compile(loss, request) {
              const compiled = await reference.compile(loss, request);
              return { ...compiled, run: async (inputs) => {
                const { value, gradients } = await compiled.run(inputs);
                return { value: more(value), gradients };
              } };
            },
          };
        }`,
    });
    place.put('onnxruntime-node', fakeRuntime('process.abort();'));
    const args = ['--loss', 'mse', '--shape', '100', '--backend', 'wasm,onnx-node,reference', '--quick', '--json'];
    const { code, stdout } = await place.run(['choose', ...args]);
    const report = JSON.parse(stdout) as ChoiceReport;
    conforms('choice', report);
    const byId = new Map(report.excluded.map((one) => [one.candidate, one]));
    expect(byId.get('wasm')).toMatchObject({
      filter: 'conformance',
      reason: expect.stringMatching(
        /computes mse wrongly: \d+ of \d+ vectors fail in float32, the first of them mse\//,
      ),
    });
    expect(byId.get('onnx-node')).toMatchObject({ filter: 'failed', reason: expect.stringContaining('crashed') });
    expect(report.recommendation).toMatchObject({ candidate: 'reference', config: { fallback: [] } });
    expect(code).toBe(0);
  });
});
