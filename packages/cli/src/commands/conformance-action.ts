import { jsonReport, terminalReport } from '@isoloss/conformance';
import { backendIds, backendList } from '../backends.ts';
import { readKnown, rewrite, stale } from '../conformance/expectations.ts';
import { caseFilters, dtypesOf, gradeOf, jobsOf, lossesOf, matching, numberOf } from '../conformance/filters.ts';
import { endWithSignals, invite, specsOf } from '../conformance/participants.ts';
import { reportsOf, writeReports } from '../conformance/reports.ts';
import { runAll } from '../conformance/run.ts';
import { UsageError } from '../errors.ts';
import { print } from '../output.ts';
import { loadedPackages } from '../packages/loaded.ts';
import { loadVectorsOf } from '../packages/vectors.ts';
import { Progress } from '../progress.ts';
import { quietly } from '../quiet.ts';
import type { ConformanceFlags } from './conformance.ts';

export async function conformance(flags: ConformanceFlags): Promise<void> {
  if (flags.search !== undefined) return (await import('./conformance-search.ts')).conformanceSearch(flags);
  if (flags.seed !== undefined) throw new UsageError('--seed is for --search, which draws');
  const reports = reportsOf(flags.report, flags.output);
  const specs = await specsOf(flags.implementation, flags.implementationFile, patienceOf(flags));
  // Who brings an implementation asks about that one; ours join it when they are named.
  const ids = specs.length > 0 && flags.backend === undefined ? [] : backendList(flags.backend);
  const dtypes = dtypesOf(flags.dtype);
  const grade = gradeOf(flags.grade);
  const jobs = jobsOf(flags.jobs);
  const packages = loadedPackages().map(({ folder }) => folder);
  const loaded = await loadVectorsOf(await lossesOf(flags));
  const filters = caseFilters(loaded, flags);
  const vectors = matching(loaded, filters);

  const caseIds = loaded.flatMap((file) => file.cases.map(({ id }) => id));

  const progress = new Progress('conformance');
  const { result, known } = await quietly(async () => {
    if (specs.length > 0) endWithSignals();
    const guests = await invite(specs, backendIds);
    const known = await readKnown(flags.expectations, { ids, guests }, { update: flags.updateExpectations === true });
    const expectations = Object.fromEntries(known.map((one) => [one.implementation, one.expectations]));
    try {
      const result = await runAll(
        { ids, guests, dtypes, filters, grade, expectations, packages },
        {
          vectors,
          jobs,
          asked: flags.backend !== undefined,
          onProgress: (done, total, what) => progress.at(done, total, what),
        },
      );
      return { result, known };
    } finally {
      progress.end();
    }
  });
  print(flags.json ? jsonReport(result).trimEnd() : terminalReport(result));
  await writeReports(reports, result);
  const told = flags.updateExpectations
    ? await rewrite(known, result, caseIds)
    : // Only of all losses can it be said that there is no such case.
      flags.loss === undefined && flags.family === undefined && packages.length === 0
      ? stale(known, caseIds)
      : [];
  for (const line of told) process.stderr.write(`${line}\n`);
  // What was written down is expected from now on; whoever has no list is judged as ever.
  const listed = new Set(flags.updateExpectations ? known.map(({ implementation }) => implementation) : []);
  const others = result.cells.filter(({ backend }) => !listed.has(backend));
  const broken = result.backends.some(({ violations }) => violations !== undefined);
  process.exitCode = broken || others.some(({ failed, errors }) => failed + errors > 0) ? 1 : 0;
}

export function patienceOf({ startTimeout, caseTimeout }: ConformanceFlags): {
  startTimeout?: number;
  caseTimeout?: number;
} {
  const range = { least: 0.01, most: 86_400 };
  const [start, one] = [
    numberOf('--start-timeout', startTimeout, range),
    numberOf('--case-timeout', caseTimeout, range),
  ];
  return {
    ...(start === undefined ? {} : { startTimeout: start }),
    ...(one === undefined ? {} : { caseTimeout: one }),
  };
}
