import type { Backend } from '@isoloss/core';
import { type BackendId, openBackend, whyNot } from '../backends.ts';
import { UnavailableError } from '../errors.ts';

/** Backends to run on; those that are not available stand in with their reason, unless they were asked for by name. */
export async function openAll(ids: readonly BackendId[], asked: boolean): Promise<Backend[]> {
  const backends: Backend[] = [];
  for (const id of ids) {
    const opened = await openBackend(id);
    if (!opened.available && asked) throw new UnavailableError(`${id} is not available: ${whyNot(opened.description)}`);
    backends.push(
      opened.available
        ? opened.backend
        : {
            id,
            describe: async () => opened.description,
            compile: async () => {
              throw new UnavailableError(`${id} is not available`);
            },
            dispose: async () => {},
          },
    );
  }
  return backends;
}
