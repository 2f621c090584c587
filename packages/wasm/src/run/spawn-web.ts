import type { Thread, ThreadStart } from './pool.ts';

/** Starts a thread. Shared memory needs a page that is isolated from other origins (COOP and COEP headers). */
export function spawn(start: ThreadStart, ended: () => void): Thread {
  const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
  worker.onerror = ended;
  worker.postMessage(start);
  return { terminate: () => worker.terminate() };
}

export const cores = (): number => navigator.hardwareConcurrency;
/** Whether this thread may sleep: a page's own may not. */
export const mayWait: boolean = typeof document === 'undefined';
