import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import {
  type ConformanceResult,
  htmlReport,
  jsonReport,
  loadVectors,
  runConformance,
  terminalReport,
  vectorIds,
} from '@isoloss/conformance';
import { type FloatDType, findLoss } from '@isoloss/core';
import { backendList } from '../backends.ts';
import { openAll } from '../conformance/open.ts';
import { runInPool } from '../conformance/pool.ts';
import { UsageError } from '../errors.ts';
import { print } from '../output.ts';
import { Progress } from '../progress.ts';
import { quietly } from '../quiet.ts';
import type { ConformanceFlags } from './conformance.ts';

export async function conformance(flags: ConformanceFlags): Promise<void> {
  const ids = backendList(flags.backend);
  const dtypes = dtypesOf(flags.dtype);
  const report = reportOf(flags);
  const vectors = await loadVectors(await lossesOf(flags.loss));
  const cases = split(flags.case);
  const jobs = jobsOf(flags.jobs);
  if (
    cases !== undefined &&
    !vectors.some((file) => file.cases.some(({ id }) => cases.some((part) => id.includes(part))))
  )
    throw new UsageError(`no case has ${cases.join(' or ')} in its id; ids are as huber/0007`);

  const progress = new Progress('conformance');
  const result = await quietly(async () => {
    // Asked for by name, an absent backend is a failure at once; the processes then open their own.
    const backends = await openAll(ids, flags.backend !== undefined);
    try {
      if (jobs > 1 && vectors.length > 1) return await inPool();
      return await runConformance({
        backends,
        vectors,
        dtypes,
        ...(cases === undefined ? {} : { filters: { cases } }),
        onProgress: ({ done, total, cell }) =>
          progress.at(done, total, `${cell.loss} on ${cell.backend} in ${cell.dtype}`),
      });
    } finally {
      progress.end();
      for (const backend of backends) await backend.dispose();
    }

    async function inPool(): Promise<ConformanceResult> {
      const descriptions = await Promise.all(backends.map((backend) => backend.describe()));
      const columns = descriptions.flatMap((one) => dtypes.filter((dtype) => one.dtypes.includes(dtype))).length;
      let done = 0;
      const losses = vectors.map(({ loss }) => loss);
      return runInPool({
        losses,
        ids,
        dtypes,
        cases,
        jobs,
        onCell: (what) => progress.at(++done, columns * losses.length, what),
      });
    }
  });
  print(flags.json ? jsonReport(result) : terminalReport(result));
  if (report !== undefined) await writeReport(report, result);
  process.exitCode = result.passed ? 0 : 1;
}

const split = (list: string | undefined): string[] | undefined =>
  list
    ?.split(',')
    .map((part) => part.trim())
    .filter(Boolean);

function dtypesOf(dtype: string | undefined): FloatDType[] {
  if (dtype === undefined) return ['float32', 'float64'];
  if (dtype === 'float32' || dtype === 'float64') return [dtype];
  throw new UsageError(`--dtype is float32 or float64, not ${dtype}; both without it`);
}

/** Two processes gain even on one backend: what they wait for is mostly the building of sessions. */
function jobsOf(jobs: string | undefined): number {
  if (jobs === undefined) return availableParallelism();
  if (/^[1-9]\d*$/.test(jobs)) return Number(jobs);
  throw new UsageError(`--jobs is a number of processes, not ${jobs}`);
}

/** The losses asked for that have vectors; undefined for all. */
async function lossesOf(names: string | undefined): Promise<string[] | undefined> {
  const losses = split(names)?.map((name) => findLoss(name).id);
  if (losses === undefined) return undefined;
  const known = await vectorIds();
  const without = losses.find((loss) => !known.includes(loss));
  if (without !== undefined) throw new UsageError(`${without} has no vectors; there are some of ${known.join(', ')}`);
  return [...new Set(losses)];
}

interface Report {
  readonly format: 'html' | 'json';
  readonly file: string;
}

function reportOf({ report, output }: ConformanceFlags): Report | undefined {
  if (report === undefined && output === undefined) return undefined;
  const format = report ?? output!.split('.').at(-1);
  if (format !== 'html' && format !== 'json')
    throw new UsageError(
      report === undefined
        ? `--output ${output}: name it .html or .json, or say --report html`
        : `--report is html or json, not ${report}`,
    );
  return { format, file: output ?? `report.${format}` };
}

async function writeReport({ format, file }: Report, result: ConformanceResult): Promise<void> {
  const text = format === 'html' ? htmlReport(result) : jsonReport(result);
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  } catch (error) {
    throw new UsageError(`--output ${file}: ${(error as Error).message}`);
  }
  process.stderr.write(`wrote ${file}\n`);
}
