// The whole run: contestants, cases, results.
import { createRequire } from 'node:module';
import os from 'node:os';
import { makeCase } from '../cases/case.mjs';
import { suites } from '../cases/suites.mjs';
import { openContestants } from '../contestants/index.mjs';
import { comparisons } from '../report/summary.mjs';
import { runCase } from './case.mjs';

const { version } = createRequire(import.meta.url)('@isoloss/core/package.json');

const machine = () => ({
  cpu: os.cpus()[0]?.model.trim() ?? 'unknown',
  cores: os.cpus().length,
  memory: os.totalmem(),
  os: `${os.type()} ${os.release()} ${os.arch()}`,
  node: process.versions.node,
});

/** The requests of a suite that the user's choice leaves. */
export function requestsOf({ suite, size, losses, cases, dtypes }) {
  const { cases: make, n } = suites[suite];
  return dtypes.flatMap((dtype) =>
    make(size ?? n)
      .filter(({ loss }) => losses === undefined || losses.includes(loss))
      .map((request) => ({ ...request, dtype }))
      .filter(({ loss, label = '' }) => cases === undefined || `${loss} ${label}`.includes(cases)),
  );
}

/**
 * Runs a suite.
 * @param settings what options.mjs makes of the command line
 * @param {(line: string) => void} note progress
 * @param {{ aborted: boolean }} signal when it is aborted, the cases so far are the report
 * @returns the report, plain data
 */
export async function bench(settings, note, signal = { aborted: false }) {
  const started = new Date();
  const [load] = os.loadavg();
  if (load > 0.5)
    note(`the machine is busy (load ${load.toFixed(1)}): times of several threads say little, --clock cpu more of one`);
  const requests = requestsOf(settings);
  const { contestants, missing } = await openContestants(settings.kinds, settings);
  const [reference] = (await openContestants(['reference'], settings)).contestants;
  for (const { id, runtime } of contestants) note(`with ${id}: ${runtime}`);
  for (const { id, reason } of missing) note(`without ${id}: ${reason}`);
  const cases = [];
  try {
    for (const [k, request] of requests.entries()) {
      if (signal.aborted) break;
      const one = makeCase(request);
      note(`[${k + 1}/${requests.length}] ${one.id} ${one.dtype}`);
      const outcome = await runCase(one, contestants, reference, settings);
      for (const { contestant, status, reason } of outcome.results)
        if (status === 'unverified' || status === 'failed') note(`  ${contestant} ${status}: ${reason}`);
      cases.push(outcome);
    }
  } finally {
    for (const contestant of [...contestants, reference]) await contestant.close?.();
  }
  const { suite, modes, rounds, warmUp, sample, statistic, clock } = settings;
  return {
    schema: 'isoloss-bench/1',
    version,
    started: started.toISOString(),
    seconds: Math.round((Date.now() - started.getTime()) / 1000),
    machine: { ...machine(), load: { before: load, after: os.loadavg()[0] } },
    settings: { suite, modes, rounds, warmUp, sample, statistic, clock },
    contestants: contestants.map(({ id, kind, threads, runtime, ours = false }) => ({
      id,
      kind,
      ours,
      runtime,
      ...(threads !== undefined && { threads }),
    })),
    missing,
    cases,
    summary: comparisons(contestants, cases, settings),
  };
}
