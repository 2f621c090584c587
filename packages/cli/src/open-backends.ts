import type { Backend } from '@isoloss/core';
import { type BackendId, backendId, backendIds, openBackend, requireBackend } from './backends.ts';

/**
 * Backends that work on this machine: all of those that do, or those asked for.
 *
 * @example
 * const all = await openBackends();
 * const two = await openBackends(['reference', 'onnx-node']);
 * @throws UnavailableError for one that was asked for and doesn't work here, with the reason and the remedy
 */
export async function openBackends(ids?: readonly BackendId[]): Promise<Backend[]> {
  const backends: Backend[] = [];
  for (const id of ids ?? backendIds) {
    const opened = ids === undefined ? await openBackend(id) : await requireBackend(backendId(id));
    if ('backend' in opened) backends.push(opened.backend);
  }
  return backends;
}
