import { describe, expect, it } from 'vitest';
import { createBackend } from '../src/choose/create.ts';
import type { BackendConfig } from '../src/choose/types.ts';

describe('createBackend', () => {
  const config: BackendConfig = {
    schema: 'isoloss-backend/1',
    backend: 'wasm',
    settings: { threads: 1 },
    fallback: [{ backend: 'reference', settings: {} }],
    for: {
      loss: 'mse',
      options: {},
      dtype: 'float32',
      shapes: { input: [8], target: [8] },
      gradients: [],
      target: 'node',
      objective: 'latency',
    },
    reason: 'wasm: a warm call takes 5 µs',
    on: { version: '0.0.0', runtime: 'node 20', platform: 'plan9', arch: 'mips', processor: '', cores: 1, at: '' },
  };

  it('takes auto, an id and a config, and says why', async () => {
    const auto = await createBackend();
    expect(auto).toMatchObject({ id: 'wasm', selection: { requested: 'auto', backend: 'wasm', fallback: false } });
    expect(await createBackend('reference', { strict: true })).toMatchObject({ id: 'reference' });
    const configured = await createBackend({ config });
    expect(configured.selection).toMatchObject({ reason: config.reason, settings: { threads: 1 } });
    const here = `${process.platform} ${process.arch}`;
    expect((await configured.describe()).notes).toEqual([
      `chosen by measuring on plan9 mips, and this is ${here}: measure here, too`,
    ]);
    for (const backend of [auto, configured]) await backend.dispose();
  });

  it('falls back with a reason that can be read, and a warning; with strict it throws that reason', async () => {
    const warnings: string[] = [];
    const listen = (warning: Error) => warnings.push(warning.message);
    process.on('warning', listen);
    // tfjs-cpu has no float64 where it is installed, and is not available where it is not.
    const backend = await createBackend('tfjs-cpu', { dtype: 'float64' });
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', listen);
    expect(backend.selection).toMatchObject({ requested: 'tfjs-cpu', backend: 'wasm', fallback: true });
    expect(backend.selection.reason).toMatch(/^wasm is used where tfjs-cpu was asked for: tfjs-cpu can't be used \(/);
    expect(warnings).toEqual([backend.selection.reason]);
    expect((await backend.describe()).notes).toContain(backend.selection.reason);
    await backend.dispose();
    const strict = createBackend('tfjs-cpu', { dtype: 'float64', strict: true });
    await expect(strict).rejects.toMatchObject({
      name: 'UnavailableError',
      message: expect.stringMatching(/^tfjs-cpu can't be used, and strict allows nothing else: .*; to mend it: /),
    });
  });

  it.each([
    [{ ...config, schema: 'isoloss-backend/9' }, /reads isoloss-backend\/1; make it with isoloss choose --emit config/],
    [{ ...config, backend: 'torch' }, /names the backend "torch", which there is not/],
    [{ ...config, settings: { threads: 0 } }, /has 0 threads for wasm: they are 1 to 32, or "auto"/],
    [{ ...config, fallback: [{ backend: 'torch', settings: {} }] }, /"torch" in fallback\[0\]/],
    [{ ...config, for: {} }, /is for the dtype undefined/],
    ['wasm', /is not an object/],
  ])('refuses a config that is none: %#', async (wrong, message) => {
    const created = createBackend({ config: wrong as BackendConfig });
    await expect(created).rejects.toMatchObject({ name: 'UsageError', message: expect.stringMatching(message) });
  });

  it('refuses an id that no backend has', async () => {
    await expect(createBackend('torch' as 'wasm')).rejects.toThrow(/there are auto, wasm, onnx-node/);
  });
});
