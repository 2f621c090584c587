import { type ConformanceResult, runConformance } from '@isoloss/conformance';
import { loadLossPackage } from '../packages/load.ts';
import { loadVectorsOf } from '../packages/vectors.ts';
import { quietly } from '../quiet.ts';
import { openAgainst } from './against.ts';
import { endWithSignals, openParticipants } from './participants.ts';
import type { RunSettings } from './run.ts';

/** What a worker is told: first how to run, then one loss at a time. */
export type ToWorker = RunSettings | { readonly loss: string };

/** What it tells: that a cell is done, and the result of a loss. */
export type FromWorker = { readonly cell: string } | { readonly result: ConformanceResult };

let settings: RunSettings | undefined;
let release: ReturnType<typeof openAgainst> | undefined;
let participants: ReturnType<typeof openParticipants> | undefined;

const tell = (message: FromWorker): void => {
  process.send?.(message);
};

async function run(loss: string): Promise<ConformanceResult> {
  const { dtypes, filters, grade, expectations, packages, against } = settings!;
  for (const folder of packages) await loadLossPackage(folder);
  participants ??= openParticipants(settings!, false);
  if (against !== undefined) release ??= openAgainst(against);
  const held = await release;
  return runConformance({
    backends: (await participants).all,
    vectors: held === undefined ? await loadVectorsOf([loss]) : [await held.vectors(loss)],
    dtypes,
    filters,
    ...(grade === undefined ? {} : { grade }),
    expectations,
    ...(held?.boundsOf && { boundsOf: held.boundsOf }),
    onProgress: ({ cell }) => tell({ cell: `${cell.loss} on ${cell.backend} in ${cell.dtype}` }),
  });
}

process.on('message', (message: ToWorker) => {
  if ('ids' in message) settings = message;
  else void quietly(async () => tell({ result: await run(message.loss) }));
});
// There is nothing more to do, or the one who asked has gone.
process.on('disconnect', async () => {
  setTimeout(() => process.exit(0), 5000).unref();
  await (await participants)?.dispose();
  process.exit(0);
});
endWithSignals();
