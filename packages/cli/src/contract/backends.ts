import { nativeAccuracy } from '@isoloss/conformance';
import type { BackendDescription } from '@isoloss/core';
import { whyNot } from '../backends.ts';
import type { Finding } from './types.ts';

/** What became of the backends of the release, as `isoloss backends --json` describes them here. */
export function compareBackends(
  before: readonly BackendDescription[],
  after: readonly BackendDescription[],
): Finding[] {
  const findings: Finding[] = [];
  const say = (change: Finding['class'], subject: string, what: string, values: object = {}) =>
    findings.push({ class: change, area: 'backends', subject, what, ...values });
  const now = new Map(after.map((backend) => [backend.id, backend]));
  for (const old of before) {
    const backend = now.get(old.id);
    if (backend === undefined) say('major', old.id, 'the backend is gone');
    else if (!old.available) continue;
    else if (!backend.available) say('major', old.id, `the release’s works here, this one doesn’t: ${whyNot(backend)}`);
    else compareBackend(old, backend, say);
  }
  const known = new Set(before.map(({ id }) => id));
  for (const { id } of after) if (!known.has(id)) say('minor', id, 'a new backend');
  return findings;
}

function compareBackend(
  before: BackendDescription,
  after: BackendDescription,
  say: (change: Finding['class'], subject: string, what: string, values?: object) => void,
): void {
  for (const dtype of before.dtypes)
    if (!after.dtypes.includes(dtype)) say('major', before.id, `it doesn’t compute in ${dtype} any more`);
  for (const dtype of after.dtypes)
    if (!before.dtypes.includes(dtype)) say('minor', before.id, `it computes in ${dtype} now`);
  // What it promises of its elementary functions is what the bounds of its numbers are made from.
  const stated = ({ accuracy }: BackendDescription, op: string) =>
    accuracy?.[op] ?? (nativeAccuracy as Readonly<Record<string, number>>)[op] ?? 0.5;
  const ops = new Set([...Object.keys(before.accuracy ?? {}), ...Object.keys(after.accuracy ?? {})]);
  for (const op of ops) {
    const [was, is] = [stated(before, op), stated(after, op)];
    if (is > was)
      say(
        'major',
        before.id,
        `it promises less of ${op}: an error of up to ${is} ULP, not ${was}, which widens every bound`,
      );
    if (is < was) say('minor', before.id, `it promises more of ${op}: an error of up to ${is} ULP, not ${was}`);
  }
}
