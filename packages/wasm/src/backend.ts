import { type Backend, type BackendDescription, defineBackend, referenceBackend, version } from '@isoloss/core';
import { kept } from './compile/rewrite.ts';
import { type EngineOptions, engineOf, wasmEngine } from './engine.ts';
import { accuracy } from './math/accuracy.ts';
import { load } from './program.ts';
import { unsupported, unsupportedThreads } from './support.ts';

/**
 * Losses as fused WebAssembly kernels, in float32 and float64. Where there is no WebAssembly with vectors, the reference
 * runs instead, and `describe()` says so.
 *
 * @example
 * const backend = wasmBackend({ threads: 'auto' });
 * const loss = await backend.compile(huber(), {
 *   dtype: 'float32', signature: { input: { rank: 1 }, target: { rank: 1 } }, gradients: ['input'],
 * });
 * @throws RangeError for a number of threads that is not a whole number from 1 to 32
 */
export function wasmBackend(options: EngineOptions = {}): Backend {
  const common = {
    id: 'wasm',
    language: 'typescript',
    version,
    dtypes: ['float32', 'float64'],
    device: 'cpu',
  } as const;
  const reason = unsupported();
  if (reason !== undefined) {
    const reference = referenceBackend();
    const description: BackendDescription = {
      ...common,
      runtime: 'the reference interpreter',
      available: true,
      notes: [`${reason}: the reference runs instead, slowly`],
    };
    return { ...reference, id: 'wasm', describe: async () => description };
  }
  const threadless = options.threads === undefined || options.threads === 1 ? undefined : unsupportedThreads();
  const engine = wasmEngine(threadless === undefined ? options : {});
  return defineBackend({
    id: 'wasm',
    describe: () => ({
      ...common,
      runtime: `WebAssembly SIMD, ${engine.threads} thread${engine.threads === 1 ? '' : 's'}`,
      accuracy,
      available: true,
      ...(threadless === undefined ? {} : { notes: [`one thread: ${threadless}`] }),
    }),
    keep: kept,
    load: (program, dtype) => load(engineOf(engine), program, dtype),
    dispose: () => engine.dispose(),
  });
}
