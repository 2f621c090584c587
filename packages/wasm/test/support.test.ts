import { spawnSync } from 'node:child_process';
import { afterAll, expect, test } from 'vitest';
import { bundled, removeBundles } from './bundle.ts';

afterAll(removeBundles);

const program = `
  import { createRunner, huber } from '@isoloss/core';
  import { wasmBackend, wasmEngine, wasmLoss } from '@isoloss/wasm';
  const backend = wasmBackend({ threads: 2 });
  const { runtime, notes = [] } = await backend.describe();
  const { value } = await createRunner(backend).run(huber(), { input: [1, 3], target: [0, 1] }, { dtype: 'float64' });
  const errors = [() => wasmEngine(), () => wasmLoss(huber())].map((make) => {
    try {
      make();
      return 'none';
    } catch ({ name, message }) {
      return name + ': ' + message;
    }
  });
  console.log(JSON.stringify({ runtime, notes, value: value.data[0], errors }));
  await backend.dispose();`;

/** In a process where something is missing from the start. */
async function without(prelude: string): Promise<{ notes: string[]; errors: string[] }> {
  const file = await bundled(program, { platform: 'node', banner: { js: prelude } });
  const { status, stdout, stderr } = spawnSync(process.execPath, [file], { encoding: 'utf8', timeout: 50_000 });
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout);
}

test('with all that it needs', async () => {
  const errors = ['none', 'none'];
  expect(await without('')).toEqual({ runtime: 'WebAssembly SIMD, 2 threads', notes: [], value: 1, errors });
});

test.each([
  ['delete globalThis.WebAssembly;', 'there is no WebAssembly here'],
  ['WebAssembly.validate = () => false;', 'the WebAssembly here has no vectors (SIMD)'],
  [
    'WebAssembly.Module = class { constructor() { throw new WebAssembly.CompileError("disallowed by embedder"); } };',
    'WebAssembly may not be compiled here (disallowed by embedder)',
  ],
])('%s: the reference computes, and the others say why not', async (prelude, reason) => {
  const error = `UnsupportedError: @isoloss/wasm can't run: ${reason}`;
  expect(await without(prelude)).toEqual({
    runtime: 'the reference interpreter',
    notes: [`${reason}: the reference runs instead, slowly`],
    value: 1,
    errors: [error, error],
  });
});

test('without shared memory: one thread, and the backend says why', async () => {
  const { notes, ...rest } = await without('delete globalThis.SharedArrayBuffer;');
  expect(rest).toEqual({ runtime: 'WebAssembly SIMD, 1 thread', value: 1, errors: ['none', 'none'] });
  expect(notes).toEqual([
    expect.stringMatching(/^one thread: threads need shared memory: .* Cross-Origin-Opener-Policy/),
  ]);
});
