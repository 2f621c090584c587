import { isDeepStrictEqual } from 'node:util';
import type { VectorCaseJSON, VectorFileJSON } from '@isoloss/conformance';
import type { Finding } from './types.ts';

/**
 * What became of the release's vectors. Their ids are for ever: a changed expectation is a new case, and the old one is
 * withdrawn with a reason. A new case is a minor: it may fail an implementation that passed the release's, and a patch
 * must turn nobody's green run red.
 */
export function compareVectors(before: readonly VectorFileJSON[], after: readonly VectorFileJSON[]): Finding[] {
  const now = new Map(after.map((file) => [file.loss, file]));
  const known = new Set(before.map(({ loss }) => loss));
  const fresh = after.filter(({ loss }) => !known.has(loss));
  return [
    ...before.flatMap((file) => compareFile(file, now.get(file.loss))),
    ...fresh.map(({ loss, cases }) => finding('minor', loss, `${count(cases.length)} of a loss that had none`)),
  ];
}

function compareFile(before: VectorFileJSON, after: VectorFileJSON | undefined): Finding[] {
  const { loss } = before;
  if (after === undefined) return [finding('major', loss, `all ${count(before.cases.length)} are gone`)];
  const now = new Map(after.cases.map((entry) => [entry.id, entry]));
  const withdrawn = new Set(after.withdrawn?.map(({ id }) => id));
  const findings: Finding[] = [];
  const texts: string[] = [];
  const gone: string[] = [];
  const retired: string[] = [];
  for (const old of before.cases) {
    const entry = now.get(old.id);
    if (entry === undefined) (withdrawn.has(old.id) ? retired : gone).push(old.id);
    else {
      findings.push(...compareCase(loss, old, entry));
      if (!isDeepStrictEqual(textsOf(old), textsOf(entry))) texts.push(old.id);
    }
  }
  if (gone.length > 0)
    findings.push(
      finding('major', loss, `${count(gone.length)} ${are(gone)} gone without being withdrawn: ${list(gone)}`),
    );
  if (retired.length > 0)
    findings.push(finding('patch', loss, `${count(retired.length)} ${are(retired)} withdrawn: ${list(retired)}`));
  if (texts.length > 0)
    findings.push(
      finding('patch', loss, `comments, flags or cross-checks of ${count(texts.length)} are others: ${list(texts)}`),
    );
  const known = new Set([...before.cases, ...(before.withdrawn ?? [])].map(({ id }) => id));
  const fresh = after.cases.map(({ id }) => id).filter((id) => !known.has(id));
  if (fresh.length > 0) findings.push(finding('minor', loss, `${count(fresh.length, 'new ')}: ${list(fresh)}`));
  return findings;
}

function compareCase(loss: string, before: VectorCaseJSON, after: VectorCaseJSON): Finding[] {
  return (['options', 'inputs', 'expected'] as const).flatMap((part) =>
    isDeepStrictEqual(before[part], after[part])
      ? []
      : [
          finding(
            'major',
            loss,
            `the vector ${before.id} has ${part === 'expected' ? 'another expectation' : `other ${part}`} under the same id`,
            {
              before: before[part],
              after: after[part],
            },
          ),
        ],
  );
}

const textsOf = ({ comment, flags, crosscheck }: VectorCaseJSON) => ({ comment, flags, crosscheck });

const finding = (change: Finding['class'], subject: string, what: string, values: object = {}): Finding => ({
  class: change,
  area: 'vectors',
  subject,
  what,
  ...values,
});

const shown = 5;
const list = (ids: readonly string[]): string =>
  ids.length <= shown ? ids.join(', ') : `${ids.slice(0, shown).join(', ')} and ${ids.length - shown} more`;
const count = (n: number, which = ''): string => `${n} ${which}${n === 1 ? 'vector' : 'vectors'}`;
const are = (ids: readonly string[]): string => (ids.length === 1 ? 'is' : 'are');
