import { availableParallelism } from 'node:os';
import type { Grade, VectorFile } from '@isoloss/conformance';
import { catalogue, type FloatDType, findLoss } from '@isoloss/core';
import { UsageError } from '../errors.ts';
import { familiesOf } from '../families.ts';
import { loadedPackages, packageOf } from '../packages/loaded.ts';
import { allVectorIds, packageVectorIds } from '../packages/vectors.ts';

/** The parts of `a,b`; undefined where the flag is not given. */
export const split = (list: string | undefined): string[] | undefined =>
  list
    ?.split(',')
    .map((part) => part.trim())
    .filter(Boolean);

/** @throws UsageError */
export function dtypesOf(dtype: string | undefined): FloatDType[] {
  if (dtype === undefined) return ['float32', 'float64'];
  if (dtype === 'float32' || dtype === 'float64') return [dtype];
  throw new UsageError(`--dtype is float32 or float64, not ${dtype}; both without it`);
}

/** @throws UsageError */
export function gradeOf(grade: string | undefined): Grade | undefined {
  if (grade === undefined || grade === 'accurate' || grade === 'conforming') return grade;
  throw new UsageError(`--grade is accurate or conforming, not ${grade}`);
}

/** @throws UsageError for what is not a number in a range */
export function numberOf(flag: string, value: string | undefined, { least = 0, most = 1e9 } = {}): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (value.trim() === '' || !(number >= least && number <= most))
    throw new UsageError(`${flag} is a number from ${least} to ${most}, not ${value}`);
  return number;
}

/**
 * Two processes gain even on one backend: what they wait for is mostly the building of sessions.
 * @throws UsageError
 */
export function jobsOf(jobs: string | undefined): number {
  if (jobs === undefined) return availableParallelism();
  if (/^[1-9]\d*$/.test(jobs)) return Number(jobs);
  throw new UsageError(`--jobs is a number of processes, not ${jobs}`);
}

/**
 * The losses asked for that have vectors: those named, else those of the packages; undefined for the catalogue's own.
 * @throws UsageError, LossInputError for names that do not exist
 */
export async function lossesOf({
  loss,
  family,
}: {
  readonly loss?: string;
  readonly family?: string;
}): Promise<string[] | undefined> {
  if (loss === undefined && family === undefined) return loadedPackages().length === 0 ? undefined : packageVectorIds();
  const known = await allVectorIds();
  const named = split(loss)?.map((name) => findLoss(name).id) ?? [];
  const without = named.find((id) => !known.includes(id));
  if (without !== undefined)
    throw new UsageError(
      packageOf(without) === undefined
        ? `${without} has no vectors; there are some of ${known.join(', ')}`
        : `${without} has no vectors; isoloss vectors makes them from an oracle in Python`,
    );
  const families = familiesOf(catalogue.values());
  const wanted = split(family) ?? [];
  const stranger = wanted.find((name) => !families.includes(name));
  if (stranger !== undefined)
    throw new UsageError(`there is no family ${JSON.stringify(stranger)}; there are ${families.join(', ')}`);
  const ofFamily = known.filter((id) => wanted.includes(catalogue.get(id)?.family ?? ''));
  return known.filter((id) => named.includes(id) || ofFamily.includes(id));
}

export interface CaseFilters {
  readonly cases?: readonly string[];
  readonly flags?: readonly string[];
}

/**
 * The filters of cases, checked against the vectors.
 * @throws UsageError for what no case has
 */
export function caseFilters(
  vectors: readonly VectorFile[],
  given: { readonly case?: string; readonly flag?: string },
): CaseFilters {
  const [cases, flags] = [split(given.case), split(given.flag)];
  const all = vectors.flatMap((file) => file.cases);
  if (cases !== undefined && !all.some(({ id }) => cases.some((part) => id.includes(part))))
    throw new UsageError(`no case has ${cases.join(' or ')} in its id; ids are as huber/0007`);
  const known = new Set(all.flatMap((entry) => entry.flags));
  const stranger = flags?.find((flag) => !known.has(flag));
  if (stranger !== undefined)
    throw new UsageError(`no case has the flag ${JSON.stringify(stranger)}; there are ${[...known].sort().join(', ')}`);
  const filters = { ...(cases === undefined ? {} : { cases }), ...(flags === undefined ? {} : { flags }) };
  if (matching(vectors, filters).length === 0) throw new UsageError('no case matches all of the filters together');
  return filters;
}

/** The files of which the filters leave a case. */
export const matching = (vectors: readonly VectorFile[], { cases, flags }: CaseFilters): VectorFile[] =>
  vectors.filter((file) =>
    file.cases.some(
      ({ id, flags: own }) =>
        (cases === undefined || cases.some((part) => id.includes(part))) &&
        (flags === undefined || flags.some((flag) => own.includes(flag))),
    ),
  );
