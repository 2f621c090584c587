import {
  type ConformanceResult,
  type Expectation,
  type Grade,
  runConformance,
  type VectorFile,
} from '@isoloss/conformance';
import type { FloatDType } from '@isoloss/core';
import type { Against } from './against.ts';
import type { CaseFilters } from './filters.ts';
import { openParticipants, type Participants } from './participants.ts';
import { runInPool } from './pool.ts';

/** How to run, as plain data: what every process of a run is told. */
export interface RunSettings extends Participants {
  readonly dtypes: readonly FloatDType[];
  readonly filters: CaseFilters;
  readonly grade?: Grade | undefined;
  /** By the id of the backend or implementation. */
  readonly expectations: Readonly<Record<string, readonly Expectation[]>>;
  /** Folders of packages of losses that each process loads for itself. */
  readonly packages: readonly string[];
  /** Where it is about a release's vectors and bounds instead of ours. */
  readonly against?: Against;
}

export interface RunOptions {
  readonly vectors: readonly VectorFile[];
  readonly jobs: number;
  /** Whether backends were asked for by name, so that an absent one is an error. */
  readonly asked: boolean;
  onProgress(done: number, total: number, what: string): void;
}

/** Runs the vectors, in several processes where that is worth it. */
export async function runAll(settings: RunSettings, options: RunOptions): Promise<ConformanceResult> {
  const { vectors, jobs, asked, onProgress } = options;
  const { ids, guests, dtypes, filters, grade, expectations } = settings;
  const pooled = jobs > 1 && vectors.length > 1;
  // In a pool the processes open their own implementations; here it is only about whether our backends work.
  const { all, dispose } = await openParticipants(pooled ? { ids, guests: [] } : settings, asked);
  try {
    if (!pooled)
      return await runConformance({
        backends: all,
        vectors,
        dtypes,
        filters,
        ...(grade === undefined ? {} : { grade }),
        expectations,
        onProgress: ({ done, total, cell }) =>
          onProgress(done, total, `${cell.loss} on ${cell.backend} in ${cell.dtype}`),
      });
    const descriptions = [
      ...(await Promise.all(all.map((one) => one.describe()))),
      ...guests.map(({ known }) => known.description),
    ];
    const columns = descriptions.flatMap((one) => dtypes.filter((dtype) => one.dtypes.includes(dtype))).length;
    const losses = vectors.map(({ loss }) => loss);
    let done = 0;
    return await runInPool({
      losses,
      settings,
      jobs,
      onCell: (what) => onProgress(++done, columns * losses.length, what),
    });
  } finally {
    await dispose();
  }
}
