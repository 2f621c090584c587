/** Loads one backend and computes with it, in a process that may crash or hang. */
import { availableParallelism } from 'node:os';
import { type BackendDescription, type FloatDType, mse } from '@isoloss/core';
import { type BackendId, openBackend, registration } from '../backends.ts';
import { answerQuestions } from './child.ts';
import { findPackages, isInstalled } from './packages.ts';

export interface Probe {
  readonly description: BackendDescription;
  /** From the import to the first number. */
  readonly milliseconds: number;
  /** In which it computed the right number and gradient. */
  readonly dtypes: readonly FloatDType[];
  /** What went wrong in the others. */
  readonly problems: readonly string[];
  /** Threads that it can be given. */
  readonly threads: number | null;
  readonly executionProviders: readonly { readonly name: string; readonly bundled: boolean }[] | null;
}

answerQuestions(async ({ id }: { id: BackendId }): Promise<Probe> => {
  const start = performance.now();
  const opened = await openBackend(id);
  const { description } = opened;
  const dtypes: FloatDType[] = [];
  const problems: string[] = [];
  if (opened.available) {
    for (const dtype of description.dtypes) {
      try {
        await compute(opened.backend, dtype);
        dtypes.push(dtype);
      } catch (error) {
        problems.push(`${dtype}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }
  const milliseconds = performance.now() - start;
  return {
    description,
    milliseconds,
    dtypes,
    problems,
    threads: opened.available && registration(id).threads ? availableParallelism() : null,
    executionProviders: opened.available ? await providers(id) : null,
  };
});

/** Small enough to be known by heart: ((1−0)² + (3−1)²)/2 = 2.5, with gradient (1, 2). */
async function compute(backend: import('@isoloss/core').Backend, dtype: FloatDType): Promise<void> {
  const loss = await backend.compile(mse(), {
    dtype,
    signature: { input: { rank: 1 }, target: { rank: 1 } },
    gradients: ['input'],
  });
  const { value, gradients } = await loss.run({ input: [1, 3], target: [0, 1] });
  loss.dispose();
  const got = [value.data[0], ...gradients.input!.data];
  if (got.join() !== '2.5,1,2') throw new Error(`it computes mse and its gradient as ${got.join(', ')}, not 2.5, 1, 2`);
}

/** What a runtime says it can run on, where it has such a list, as onnxruntime has. */
async function providers(id: BackendId): Promise<Probe['executionProviders']> {
  const runtime = findPackages(registration(id).packages).at(-1);
  if (runtime === undefined || !isInstalled(runtime) || runtime.name.startsWith('@')) return null;
  const { createRequire } = await import('node:module');
  const module = createRequire(`${runtime.directory}/x.js`)(runtime.directory) as {
    listSupportedBackends?(): { name: string; bundled: boolean }[];
  };
  return module.listSupportedBackends?.().map(({ name, bundled }) => ({ name, bundled })) ?? null;
}
