import { isDeepStrictEqual } from 'node:util';
import type { Finding } from './types.ts';

/** JSON Schemas by their path in a package. */
export type Schemas = ReadonlyMap<string, unknown>;

/**
 * What became of the formats that other programs read and write: vectors, the line protocol, reports. Their versions
 * stand in their schemas. Whether a schema takes less than before can't be told in general, so a change under the same
 * version is taken for an addition; the version is there to say more.
 */
export function compareFormats(subject: string, before: Schemas, after: Schemas): Finding[] {
  const findings: Finding[] = [];
  const say = (change: Finding['class'], what: string) =>
    findings.push({ class: change, area: 'formats', subject, what });
  for (const [file, old] of before) {
    const now = after.get(file);
    if (now === undefined) {
      say('major', `${file} is gone`);
      continue;
    }
    const [was, is] = [versionsOf(old), versionsOf(now)];
    const lost = [...was].filter((version) => !is.has(version));
    const fresh = [...is].filter((version) => !was.has(version));
    if (lost.length > 0)
      say('major', `${file} is of ${[...is].join(', ') || 'no version'} now, not of ${lost.join(', ')}`);
    else if (fresh.length > 0) say('minor', `${file} is also of ${fresh.join(', ')} now`);
    else if (!isDeepStrictEqual(withoutTexts(old), withoutTexts(now)))
      say('minor', `${file} describes something else now`);
  }
  for (const file of after.keys()) if (!before.has(file)) say('minor', `a new schema, ${file}`);
  return findings;
}

/** `isoloss-vectors/1`, and the number of the line protocol. */
function versionsOf(schema: unknown): Set<string> {
  const found = new Set<string>();
  visit(schema, (key, value) => {
    if (key === 'const' && typeof value === 'string' && /^[\w-]+\/\d+$/.test(value)) found.add(value);
    const fixed = (value as { const?: unknown } | null)?.const;
    if (key === 'protocol' && typeof fixed === 'number') found.add(`protocol ${fixed}`);
  });
  return found;
}

function visit(value: unknown, each: (key: string, value: unknown) => void): void {
  if (value === null || typeof value !== 'object') return;
  for (const [key, entry] of Object.entries(value)) {
    each(key, entry);
    visit(entry, each);
  }
}

const texts = new Set(['title', 'description', '$comment', 'examples', '$id']);

const withoutTexts = (schema: unknown): unknown =>
  JSON.parse(JSON.stringify(schema, (key, value) => (texts.has(key) && typeof value === 'string' ? undefined : value)));
