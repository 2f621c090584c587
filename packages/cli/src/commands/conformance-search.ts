import { type Finding, type SearchResult, search, subjectOf } from '@isoloss/conformance';
import { catalogue, tensorToJSON } from '@isoloss/core';
import { backendIds, backendList } from '../backends.ts';
import { dtypesOf, gradeOf, lossesOf, numberOf } from '../conformance/filters.ts';
import { endWithSignals, invite, openParticipants, specsOf } from '../conformance/participants.ts';
import { write } from '../conformance/reports.ts';
import { UsageError } from '../errors.ts';
import { print, toJSON } from '../output.ts';
import { allVectorIds, vectorsJSONOf } from '../packages/vectors.ts';
import { Progress } from '../progress.ts';
import { quietly } from '../quiet.ts';
import type { ConformanceFlags } from './conformance.ts';
import { patienceOf } from './conformance-action.ts';

/** Draws calls of losses and looks for disagreements with the reference: `isoloss conformance --search`. */
export async function conformanceSearch(flags: ConformanceFlags): Promise<void> {
  const meaningless = (['case', 'flag', 'report', 'expectations', 'updateExpectations'] as const).find(
    (name) => flags[name] !== undefined,
  );
  if (meaningless !== undefined)
    throw new UsageError(`--${meaningless} is about the vectors, and --search draws its own`);
  const draws = whole('--search', flags.search, 1, 1_000_000) ?? 200;
  const seed = whole('--seed', flags.seed, 0, 2 ** 31 - 1) ?? Math.floor(Math.random() * 2 ** 31);
  const specs = await specsOf(flags.implementation, flags.implementationFile, patienceOf(flags));
  const ids = specs.length > 0 && flags.backend === undefined ? [] : backendList(flags.backend);
  const [dtypes, grade] = [dtypesOf(flags.dtype), gradeOf(flags.grade)];
  const losses = (await lossesOf(flags)) ?? (await allVectorIds()).filter((loss) => catalogue.has(loss));

  const progress = new Progress('search');
  const results = await quietly(async () => {
    if (specs.length > 0) endWithSignals();
    const guests = await invite(specs, backendIds);
    const { all, dispose } = await openParticipants({ ids, guests }, flags.backend !== undefined);
    try {
      const found: SearchResult[] = [];
      const described = await Promise.all(all.map(async (one) => ({ one, about: await one.describe() })));
      const columns = described
        .filter(({ about }) => about.available)
        .flatMap(({ one, about }) =>
          dtypes.filter((dtype) => about.dtypes.includes(dtype)).map((dtype) => ({ one, dtype })),
        );
      for (const loss of losses) {
        const id = await freeId(loss);
        for (const { one, dtype } of columns) {
          // Each draw has options of its own: what was compiled for one is not kept for the next loss.
          const subject = 'compile' in one ? subjectOf(one) : one;
          const result = await search({ loss, subject, dtype, draws, seed, id, grade });
          if (subject !== one) await subject.dispose();
          found.push(result);
          progress.at(found.length, losses.length * columns.length, `${loss} on ${subject.id} in ${dtype}`);
        }
      }
      if (columns.length === 0) throw new UsageError('none of those asked for is available here');
      return found;
    } finally {
      progress.end();
      await dispose();
    }
  });

  const findings = results.flatMap(({ finding }) => (finding === undefined ? [] : [finding]));
  const lines = findings.map(({ vector }) => toJSON(vector));
  if (flags.json) for (const line of lines) print(line);
  else for (const line of inWords(results, seed)) print(line);
  if (flags.output !== undefined) {
    await write(flags.output, lines.map((line) => `${line}\n`).join(''));
    process.stderr.write(`wrote ${flags.output}\n`);
  }
  process.exitCode = findings.length > 0 ? 1 : 0;
}

function whole(flag: string, value: string | undefined, least: number, most: number): number | undefined {
  const number = numberOf(flag, value, { least, most });
  if (number !== undefined && !Number.isInteger(number))
    throw new UsageError(`${flag} is a whole number, not ${value}`);
  return number;
}

/** The id after the last that the loss's vectors use or have used. */
async function freeId(loss: string): Promise<string> {
  const { cases, withdrawn = [] } = await vectorsJSONOf(loss);
  const last = Math.max(0, ...[...cases, ...withdrawn].map(({ id }) => Number(id.split('/')[1])));
  return `${loss}/${String(last + 1).padStart(4, '0')}`;
}

function* inWords(results: readonly SearchResult[], seed: number): Generator<string> {
  for (const { loss, backend, dtype, finding } of results)
    if (finding !== undefined) yield* findingInWords(`${loss} on ${backend} in ${dtype}`, finding);
  const broken = new Map(results.flatMap((result) => (result.broken ? [[result.loss, result.broken]] : [])));
  for (const [loss, { call, reason }] of broken)
    yield `The reference itself breaks down on a call of ${loss}: ${reason}\n  ${toJSON({ ...call, inputs: Object.fromEntries(Object.entries(call.inputs).map(([name, tensor]) => [name, tensorToJSON(tensor)])) })}\n`;
  const sum = (part: (result: SearchResult) => number) => results.reduce((total, result) => total + part(result), 0);
  const found = results.filter(({ finding }) => finding !== undefined).length;
  const skipped = sum((result) => result.skipped);
  yield `${found === 0 ? 'PASS' : 'FAIL'} ${sum(({ drawn }) => drawn)} calls, ${sum(({ valid }) => valid)} of them valid${skipped > 0 ? `, ${skipped} skipped` : ''}: ${found === 0 ? 'no disagreement' : `${found} of ${results.length} searches found one`} (seed ${seed})`;
}

function* findingInWords(where: string, { verdict, vector }: Finding): Generator<string> {
  yield `${where}: ${verdict.reason ?? 'it differs'}`;
  for (const { output, index, got, exact, error, allowed } of (verdict.failures ?? []).slice(0, 3))
    yield `  ${output}[${index}]  got ${got}  reference ${exact}  error ${error.toPrecision(3)}  bound ${allowed.toPrecision(3)}`;
  yield `  ${toJSON(vector)}\n`;
}
