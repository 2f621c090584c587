import { type ConformanceResult, loadVectors, runConformance } from '@isoloss/conformance';
import type { Backend, FloatDType } from '@isoloss/core';
import type { BackendId } from '../backends.ts';
import { quietly } from '../quiet.ts';
import { openAll } from './open.ts';

/** What a worker is told: first on which backends to run, then one loss at a time. */
export type ToWorker =
  | {
      readonly ids: readonly BackendId[];
      readonly dtypes: readonly FloatDType[];
      readonly cases: readonly string[] | undefined;
    }
  | { readonly loss: string };

/** What it tells: that a cell is done, and the result of a loss. */
export type FromWorker = { readonly cell: string } | { readonly result: ConformanceResult };

let settings: Extract<ToWorker, { ids: unknown }> | undefined;
let backends: Promise<Backend[]> | undefined;

const tell = (message: FromWorker): void => {
  process.send?.(message);
};

async function run(loss: string): Promise<ConformanceResult> {
  const { ids, dtypes, cases } = settings!;
  backends ??= openAll(ids, false);
  return runConformance({
    backends: await backends,
    vectors: await loadVectors([loss]),
    dtypes,
    ...(cases === undefined ? {} : { filters: { cases } }),
    onProgress: ({ cell }) => tell({ cell: `${cell.loss} on ${cell.backend} in ${cell.dtype}` }),
  });
}

process.on('message', (message: ToWorker) => {
  if ('ids' in message) settings = message;
  else void quietly(async () => tell({ result: await run(message.loss) }));
});
// The one who asked has gone.
process.on('disconnect', () => process.exit(0));
