import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Thread, ThreadStart } from './pool.ts';

/** Starts a thread that does not keep the process alive. */
export function spawn(start: ThreadStart, ended: () => void): Thread {
  const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: start, stdout: false });
  worker.unref();
  worker.on('error', ended);
  worker.on('exit', ended);
  return { terminate: () => void worker.terminate() };
}

export const cores = (): number => availableParallelism();
/** Whether this thread may sleep. */
export const mayWait = true;
