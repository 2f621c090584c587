import { testBackend } from '@isoloss/conformance';
import * as ort from 'onnxruntime-web';
import { describe, expect, test } from 'vitest';
import { onnxBackend } from '../src/index.ts';
import { loadRuntime } from '../src/runtime-none.ts';
import type { OrtModule } from '../src/session.ts';

// onnxruntime-web on Node is the WebAssembly that browsers run. One thread: its workers would keep this process alive.
ort.env.wasm.numThreads = 1;
const backend = onnxBackend({ ort: ort as OrtModule });

// A recurrence, a sort, a product of matrices, masks.
testBackend(backend, {
  describe,
  test,
  losses: ['ctc', 'huber', 'listMle', 'supCon'],
});

test('it says what it is', async () => {
  expect(await backend.describe()).toMatchObject({
    id: 'onnx-web',
    runtime: `onnxruntime ${ort.env.versions.web}`,
    device: 'cpu (WebAssembly)',
    available: true,
  });
});

test('without Node there is no onnxruntime-node, and the way on is said', async () => {
  expect(await loadRuntime()).toEqual({
    reason: 'onnxruntime-node needs Node',
    remedy: expect.stringContaining('onnxBackend({ ort })'),
  });
});
