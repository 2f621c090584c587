import { readFile } from 'node:fs/promises';
import {
  type ConformanceResult,
  type Expectation,
  formatExpectations,
  matches,
  parseExpectations,
  updateExpectations,
} from '@isoloss/conformance';
import { messageOf, UsageError } from '../errors.ts';
import type { Participants } from './participants.ts';
import { write } from './reports.ts';

/** The expected failures of one that takes part, and where they are kept. */
export interface Known {
  readonly implementation: string;
  readonly file: string;
  readonly expectations: readonly Expectation[];
}

/**
 * Reads the files of expected failures: those of `--expectations` ([id=]file) and those that the specifications of
 * implementations name. To update, a file need not exist yet.
 *
 * @throws UsageError
 */
export async function readKnown(
  given: readonly string[] = [],
  { ids, guests }: Participants,
  { update }: { readonly update: boolean },
): Promise<Known[]> {
  const all = [...ids, ...guests.map(({ known }) => known.id)];
  const asked = given.map((text) => {
    const id = all.find((name) => text.startsWith(`${name}=`));
    return id === undefined ? { id, file: text } : { id, file: text.slice(id.length + 1) };
  });
  const named = guests.flatMap(({ spec, known }) =>
    spec.expectations === undefined ? [] : [{ id: known.id, file: spec.expectations }],
  );
  const found = await Promise.all([...asked, ...named].map(({ id, file }) => readOne(file, id, all, update)));
  const twice = found.find(({ implementation: id }, k) => found.findIndex((one) => one.implementation === id) !== k);
  if (twice !== undefined) throw new UsageError(`there are two files of expected failures of ${twice.implementation}`);
  if (update && found.length === 0)
    throw new UsageError('--update-expectations rewrites the files of --expectations, and there is none');
  return found;
}

async function readOne(file: string, id: string | undefined, all: readonly string[], update: boolean): Promise<Known> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const only = id ?? (all.length === 1 ? all[0] : undefined);
    if (missing && update && only !== undefined) return { implementation: only, file, expectations: [] };
    const remedy = update
      ? `; say whose it will be: --expectations ${all[0]}=${file}`
      : '; --update-expectations makes it';
    throw new UsageError(`--expectations ${file}: ${missing ? `there is no such file${remedy}` : messageOf(error)}`);
  }
  try {
    const { implementation, expectations } = parseExpectations(text);
    if (id === undefined && !all.includes(implementation))
      throw new Error(`it is about ${implementation}, and those that take part are ${all.join(', ')}`);
    return { implementation: id ?? implementation, file, expectations };
  } catch (error) {
    throw new UsageError(`--expectations ${file}: ${messageOf(error)}`);
  }
}

/** Patterns that stand for no case there is: misspelt, or the case was withdrawn. */
export const stale = (known: readonly Known[], ids: readonly string[]): string[] =>
  known.flatMap(({ file, expectations }) =>
    expectations
      .filter(({ pattern }) => !ids.some((id) => matches(pattern, id)))
      .map(({ pattern }) => `${file}: ${pattern} stands for no case`),
  );

/** Rewrites the files as the run wants them, and says what changed. */
export async function rewrite(
  known: readonly Known[],
  result: ConformanceResult,
  ids: readonly string[],
): Promise<string[]> {
  const lines: string[] = [];
  for (const { implementation, file, expectations: before } of known) {
    const { expectations, added, removed } = updateExpectations(before, result, implementation, ids);
    await write(file, formatExpectations({ schema: 'isoloss-expectations/1', implementation, expectations }));
    lines.push(
      `wrote ${file}: ${expectations.length} expected failures of ${implementation}, ${added} added, ${removed} taken off`,
    );
  }
  return lines;
}
