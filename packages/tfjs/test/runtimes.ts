import { findRuntime, isMissing, onBackend, type Runtime, type RuntimeId } from '../src/runtime.ts';

const ids: readonly RuntimeId[] = ['tfjs-cpu', 'tfjs-wasm', 'tfjs-node'];

/** Every runtime that is here. `npm test` sets tfjs-node up; without it, its tests are skipped and say why. */
export const runtimes: readonly (readonly [RuntimeId, Runtime | undefined, string])[] = await Promise.all(
  ids.map(async (id) => {
    const found = await findRuntime(id);
    return isMissing(found)
      ? ([id, undefined, `${found.reason}; ${found.remedy}`] as const)
      : ([id, found, ''] as const);
  }),
);

/** Runs on a backend, and fails if tensors are left over. */
export function withoutLeaks<T>(runtime: Runtime, work: () => T): T {
  return onBackend(runtime, () => {
    const before = runtime.tf.engine().memory().numTensors;
    const result = work();
    const left = runtime.tf.engine().memory().numTensors - before;
    if (left !== 0) throw new Error(`${left} tensors are left over`);
    return result;
  });
}
