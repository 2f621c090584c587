import { type ChildProcess, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type ConformanceResult, mergeResults } from '@isoloss/conformance';
import type { RunSettings } from './run.ts';
import type { FromWorker, ToWorker } from './worker.ts';

export interface PoolRequest {
  readonly losses: readonly string[];
  readonly settings: RunSettings;
  readonly jobs: number;
  /** Called for each loss on each backend in each dtype. */
  onCell(what: string): void;
}

/**
 * Runs losses in several processes, each with backends of its own: TensorFlow.js has one engine a process. A process that
 * dies ends the run with an error that names the loss.
 */
export async function runInPool({ losses, settings, jobs, onCell }: PoolRequest): Promise<ConformanceResult> {
  const start = Date.now();
  const waiting = [...losses];
  const results: ConformanceResult[] = [];
  const workers: ChildProcess[] = [];
  const one = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const child = fork(workerFile(), [], {
        serialization: 'advanced',
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      });
      workers.push(child);
      let current: string | undefined;
      const send = (message: ToWorker) => child.send(message);
      const next = () => {
        current = waiting.shift();
        // It ends by itself then, having stopped what it started.
        if (current === undefined) child.disconnect();
        else send({ loss: current });
      };
      child.on('error', reject);
      child.on('exit', (code, signal) => {
        if (current === undefined) resolve();
        else reject(new Error(`the process that ran ${current} ended with ${signal ?? code}`));
      });
      child.on('message', (message: FromWorker) => {
        if ('cell' in message) return onCell(message.cell);
        results.push(message.result);
        next();
      });
      send(settings);
      next();
    });
  try {
    await Promise.all(Array.from({ length: Math.min(jobs, losses.length) }, one));
  } finally {
    for (const worker of workers) worker.kill();
  }
  const order = new Map(losses.map((loss, k) => [loss, k]));
  const inOrder = results.sort((a, b) => order.get(a.losses[0]!)! - order.get(b.losses[0]!)!);
  return { ...mergeResults(inOrder), milliseconds: Date.now() - start };
}

/** The worker beside this file: built, or as its source where tests run on sources. */
function workerFile(): string {
  const built = fileURLToPath(new URL('./worker.js', import.meta.url));
  return existsSync(built) ? built : fileURLToPath(new URL('../../dist/conformance/worker.js', import.meta.url));
}
