import {
  type CaseResult,
  type Cell,
  type ConformanceResult,
  summarizePairs,
  type VectorFileJSON,
} from '@isoloss/conformance';
import type { Finding, Moved, VectorFailures } from './types.ts';

/** By backend: the name under which the release's own backend took part in the run, if it did. */
export type Beside = ReadonlyMap<string, string>;

/** Vectors of the release that expect an error, and that this tree has withdrawn: it means to accept what they hold. */
export function acceptedNow(before: readonly VectorFileJSON[], after: readonly VectorFileJSON[]): Set<string> {
  const withdrawn = new Set(after.flatMap((file) => file.withdrawn?.map(({ id }) => id) ?? []));
  const errors = before.flatMap(({ cases }) => cases.filter(({ expected }) => 'error' in expected));
  return new Set(errors.map(({ id }) => id).filter((id) => withdrawn.has(id)));
}

/**
 * The vectors of the release that it passes and this tree doesn't, a finding a loss: numbers out of its bounds, errors
 * that are no errors any more, answers that don't come. Only an error that was withdrawn may become an answer.
 */
export function numberFindings(
  result: ConformanceResult,
  beside: Beside,
  accepted: ReadonlySet<string> = new Set(),
): Finding[] {
  const names = new Set(beside.values());
  const released = new Map<string, CaseResult>();
  for (const { backend, dtype, cases } of result.cells)
    if (names.has(backend)) for (const one of cases) released.set([backend, dtype, one.id].join('\n'), one);
  const rows = new Map<string, VectorFailures[]>();
  const widened = new Map<string, Set<string>>();
  for (const cell of result.cells) {
    if (names.has(cell.backend) || !isAvailable(result, cell.backend)) continue;
    const other = beside.get(cell.backend);
    const bad = cell.cases.filter(
      ({ id, outcome }) =>
        outcome !== 'pass' && (released.get([other, cell.dtype, id].join('\n'))?.outcome ?? 'pass') === 'pass',
    );
    const [meant, wrong] = [bad.filter(({ id }) => accepted.has(id)), bad.filter(({ id }) => !accepted.has(id))];
    if (meant.length > 0)
      widened.set(cell.loss, new Set([...(widened.get(cell.loss) ?? []), ...meant.map(({ id }) => id)]));
    if (wrong.length > 0) rows.set(cell.loss, [...(rows.get(cell.loss) ?? []), failuresOf(cell, wrong, other)]);
  }
  return [
    ...[...rows].map(
      ([loss, failures]): Finding => ({
        class: 'major',
        area: 'numbers',
        subject: loss,
        what: inWords(failures),
        failures,
      }),
    ),
    ...[...widened].map(
      ([loss, ids]): Finding => ({
        class: 'minor',
        area: 'numbers',
        subject: loss,
        what: `it accepts what the release refused, its vectors withdrawn: ${[...ids].join(', ')}`,
      }),
    ),
  ];
}

const isAvailable = ({ backends }: ConformanceResult, id: string): boolean =>
  backends.find((one) => one.id === id)?.available === true;

function failuresOf(
  { backend, dtype, total }: Cell,
  bad: readonly CaseResult[],
  released: string | undefined,
): VectorFailures {
  const far = ({ worst }: CaseResult) =>
    worst === undefined ? -1 : Number.isNaN(worst.ratio) ? Infinity : worst.ratio;
  const worst = bad.reduce((one, other) => (far(other) > far(one) ? other : one));
  const element = worst.failures?.reduce((one, other) => (other.ratio > one.ratio ? other : one)) ?? worst.worst;
  const reason = worst.reason ?? worst.outcome;
  const other = released === undefined ? undefined : element?.others?.[released];
  return {
    backend,
    dtype,
    total,
    ids: bad.map(({ id }) => id),
    worst: {
      id: worst.id,
      reason: worst.outcome === 'skipped' ? `not computed any more: ${reason}` : reason,
      ...(element === undefined
        ? {}
        : {
            output: element.output,
            index: element.index,
            expected: element.exact,
            got: element.got,
            bound: element.allowed,
            ...(other === undefined ? {} : { released: other }),
          }),
    },
  };
}

function inWords(failures: readonly VectorFailures[]): string {
  const ids = new Set(failures.flatMap((one) => one.ids));
  const where = failures.map(({ backend, dtype }) => `${backend} ${dtype}`).join(', ');
  return `${ids.size} ${ids.size === 1 ? 'vector' : 'vectors'} of the release ${ids.size === 1 ? 'fails' : 'fail'}, on ${where}`;
}

/** The numbers that are others than the release's own, within its bounds: what one sees who compares two versions. */
export function movedNumbers({ pairs }: ConformanceResult, beside: Beside, failing: ReadonlySet<string>): Moved[] {
  return [...beside].flatMap(([backend, released]) => {
    const own = pairs.filter(
      ({ a, b, loss }) =>
        !failing.has(loss) && ((a === backend && b === released) || (a === released && b === backend)),
    );
    return summarizePairs(own).map(({ dtype, cases, same, worst, a }): Moved => {
      const [before, after] = worst === undefined ? [0, 0] : a === backend ? [worst.b, worst.a] : [worst.a, worst.b];
      return {
        backend,
        dtype,
        vectors: cases,
        moved: cases - same,
        losses: own.filter((one) => one.dtype === dtype && one.same < one.cases).map(({ loss }) => loss),
        ...(worst === undefined
          ? {}
          : {
              worst: {
                loss: worst.loss,
                id: worst.id,
                output: worst.output,
                index: worst.index,
                before,
                after,
                ulp: worst.ulp,
              },
            }),
      };
    });
  });
}

/** That numbers moved is a patch: they are within what was promised, and who upgrades may still want to know. */
export const movedFindings = (moved: readonly Moved[]): Finding[] =>
  moved
    .filter((one) => one.moved > 0)
    .map(({ backend, dtype, moved: n, vectors, worst }) => ({
      class: 'patch',
      area: 'numbers',
      subject: `${backend} ${dtype}`,
      what: `numbers moved within their bounds in ${n} of ${vectors} vectors${
        worst === undefined
          ? ''
          : `, by up to ${Number(worst.ulp.toPrecision(3))} ULP (${worst.id}, ${worst.output}[${worst.index}])`
      }`,
      ...(worst === undefined ? {} : { before: worst.before, after: worst.after }),
    }));
