import type { ConformanceResult } from '@isoloss/conformance';
import type { BackendDescription } from '@isoloss/core';
import type { BackendId } from '../backends.ts';
import type { Against } from '../conformance/against.ts';
import type { Guest } from '../conformance/participants.ts';
import { runInPool } from '../conformance/pool.ts';
import { type Beside, numberFindings } from './numbers.ts';
import type { ReleaseRunner } from './release-command.ts';

/**
 * Where the release runs beside this tree on every vector, so that one sees which numbers moved: where every number is
 * ours. On the others, whose runtimes are third parties', it is asked only about what fails.
 */
const compared: ReadonlySet<BackendId> = new Set<BackendId>(['reference', 'wasm']);

const dtypes = ['float32', 'float64'] as const;

export interface NumbersRequest {
  readonly losses: readonly string[];
  readonly ids: readonly BackendId[];
  readonly version: string;
  readonly release: ReleaseRunner;
  /** Folders of packages of losses that this tree's are of. */
  readonly packages: readonly string[];
  /** What the release says of its backends; undefined: it doesn't run here. */
  readonly before: readonly BackendDescription[] | undefined;
  readonly after: readonly BackendDescription[];
  readonly jobs: number;
  onProgress(done: number, total: number, what: string): void;
}

/** Runs the release's vectors on this tree, judged by the release's bounds, and the release beside it. */
export async function runNumbers(
  request: NumbersRequest,
): Promise<{ readonly result: ConformanceResult | undefined; readonly beside: Beside }> {
  const { losses, ids, before } = request;
  if (losses.length === 0 || ids.length === 0) return { result: undefined, beside: new Map() };
  const works = (id: BackendId) => before?.find((one) => one.id === id)?.available === true;
  const guests = guestsOf(
    request,
    ids.filter((id) => compared.has(id) && works(id)),
  );
  const beside = new Map(guests.map(({ backend, guest }) => [backend as string, guest.known.id]));
  const result = await run(request, ids, guests, losses, {});

  // What fails elsewhere may have failed in the release, too.
  const unsure = numberFindings(result, beside).flatMap(({ subject, failures = [] }) =>
    failures.flatMap(({ backend, ids: cases }) =>
      beside.has(backend) || !works(backend as BackendId) ? [] : [{ loss: subject, backend, cases }],
    ),
  );
  const asked = guestsOf(request, [...new Set(unsure.map(({ backend }) => backend as BackendId))]);
  if (asked.length === 0) return { result, beside };
  const again = await run(request, [], asked, [...new Set(unsure.map(({ loss }) => loss))], {
    cases: [...new Set(unsure.flatMap(({ cases }) => cases))],
  });
  for (const { backend, guest } of asked) beside.set(backend, guest.known.id);
  return { result: { ...result, cells: [...result.cells, ...again.cells] }, beside };
}

interface Asked {
  readonly backend: BackendId;
  readonly guest: Guest;
}

/** Backends of the release, by the line protocol: in processes of their own, which know nothing of this tree. */
const guestsOf = ({ release, version, before }: NumbersRequest, ids: readonly BackendId[]): Asked[] =>
  ids.map((backend) => {
    const name = `${backend} of ${version}`;
    return {
      backend,
      guest: {
        spec: { command: release.serve(backend), grade: 'accurate' },
        known: { id: name, description: { ...before!.find(({ id }) => id === backend)!, id: name } },
      },
    };
  });

function run(
  { release, packages, before, after, jobs, onProgress }: NumbersRequest,
  ids: readonly BackendId[],
  asked: readonly Asked[],
  losses: readonly string[],
  filters: { readonly cases?: readonly string[] },
): Promise<ConformanceResult> {
  // What the release promised of its elementary functions; of what it doesn't say, what is said now.
  const accuracyOf = (id: string) =>
    (before?.find((one) => one.id === id) ?? after.find((one) => one.id === id))?.accuracy;
  const against: Against = {
    vectors: release.vectors,
    definitions: before === undefined ? undefined : release.definitions,
    accuracy: Object.fromEntries([
      ...ids.map((id) => [id, accuracyOf(id)]),
      ...asked.map(({ backend, guest }) => [guest.known.id, accuracyOf(backend)]),
    ]),
  };
  const described = [
    ...ids.map((id) => after.find((one) => one.id === id)!),
    ...asked.map(({ guest }) => guest.known.description),
  ];
  const columns = described.flatMap((one) => dtypes.filter((dtype) => one.dtypes.includes(dtype))).length;
  let done = 0;
  return runInPool({
    losses,
    settings: {
      ids,
      guests: asked.map(({ guest }) => guest),
      dtypes,
      filters,
      grade: 'accurate',
      expectations: {},
      packages,
      against,
    },
    jobs,
    onCell: (what) => onProgress(++done, columns * losses.length, what),
  });
}
