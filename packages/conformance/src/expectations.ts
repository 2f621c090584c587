import type { FloatDType } from '@isoloss/core';
import type { CaseResult, ConformanceResult } from './result.ts';
import { safeLink } from './text.ts';

/** Failures that are known: they do not fail a run, and fail it when they start to pass. */
export interface Expectation {
  /** The id of a case, with `*` for any text: `huber/0007`, `ctc/*`. Every case that it matches must fail. */
  readonly pattern: string;
  /** Only in this dtype; in all where left out. */
  readonly dtype?: FloatDType;
  readonly reason: string;
  readonly link?: string;
}

/** A file of expected failures, as `schemas/expectations.schema.json` describes it. */
export interface ExpectationsFile {
  readonly schema: 'isoloss-expectations/1';
  /** Whose they are: the id of a backend, or the name of an implementation. */
  readonly implementation: string;
  readonly expectations: readonly Expectation[];
}

const schema = 'isoloss-expectations/1';
const matchers = new Map<string, RegExp>();

/** Whether a pattern stands for a case. */
export function matches(pattern: string, id: string): boolean {
  let matcher = matchers.get(pattern);
  if (matcher === undefined) {
    const parts = pattern.split('*').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
    matcher = new RegExp(`^${parts.join('.*')}$`);
    matchers.set(pattern, matcher);
  }
  return matcher.test(id);
}

/** The first that stands for a case in a dtype. */
export const expectationFor = (
  expectations: readonly Expectation[] | undefined,
  id: string,
  dtype: FloatDType,
): Expectation | undefined => expectations?.find((one) => covers(one, id, dtype));

const covers = ({ pattern, dtype: only }: Expectation, id: string, dtype: FloatDType): boolean =>
  (only ?? dtype) === dtype && matches(pattern, id);

/** @throws Error that names the entry and what is wrong with it */
export function parseExpectations(text: string): ExpectationsFile {
  const json: unknown = JSON.parse(text);
  const { schema: given, implementation, expectations, ...rest } = (json ?? {}) as Record<string, unknown>;
  if (given !== schema) throw new Error(`its schema is ${JSON.stringify(given)}; this version reads ${schema}`);
  const strangers = Object.keys(rest).filter((key) => key !== '$schema');
  if (strangers.length > 0)
    throw new Error(`there is no field ${strangers[0]}; there are implementation, expectations`);
  if (typeof implementation !== 'string' || implementation === '')
    throw new Error('implementation is the id of a backend or the name of an implementation');
  if (!Array.isArray(expectations)) throw new Error('expectations is a list');
  return { schema, implementation, expectations: expectations.map(parseExpectation) };
}

function parseExpectation(given: unknown, k: number): Expectation {
  const bad = (what: string) => new Error(`expectations[${k}]: ${what}`);
  if (given === null || typeof given !== 'object') throw bad('is an object of pattern and reason');
  const { pattern, dtype, reason, link, ...rest } = given as Record<string, unknown>;
  const stranger = Object.keys(rest)[0];
  if (stranger !== undefined) throw bad(`there is no field ${stranger}; there are pattern, dtype, reason, link`);
  if (typeof pattern !== 'string' || !/^[\w*]+\/[\d*]+$|^\*$/.test(pattern))
    throw bad(`pattern is as huber/0007, huber/00* or ctc/*, not ${JSON.stringify(pattern)}`);
  if (dtype !== undefined && dtype !== 'float32' && dtype !== 'float64') throw bad('dtype is float32 or float64');
  if (typeof reason !== 'string' || reason.trim() === '') throw bad(`${pattern} needs a reason`);
  if (link !== undefined && safeLink(link) === undefined) throw bad('link is a http or https address');
  return {
    pattern,
    ...(dtype === undefined ? {} : { dtype }),
    reason,
    ...(link === undefined ? {} : { link: link as string }),
  };
}

/** As a file is written: an entry a line, so that its history can be read. */
export function formatExpectations({ implementation, expectations }: ExpectationsFile): string {
  const entries = expectations.map((entry) => `    ${JSON.stringify(entry)}`);
  return `{
  "schema": ${JSON.stringify(schema)},
  "implementation": ${JSON.stringify(implementation)},
  "expectations": [${entries.length === 0 ? '' : `\n${entries.join(',\n')}\n  `}]
}
`;
}

/** The reason of what a run has found and nobody has explained. */
const unexplained = 'not explained yet: ';

/** Expected failures as a run would have them. */
export interface ExpectationsUpdate {
  readonly expectations: readonly Expectation[];
  /** Cases that fail and were not expected to. */
  readonly added: number;
  /** Cases that were expected to fail, and pass. */
  readonly removed: number;
}

/**
 * What a backend's expectations should be after a run: what passes is taken off, what fails is added with the failure
 * as its reason, what was not run stays. A pattern that does not hold for all of its cases any more becomes the cases
 * for which it does, with its reason and link.
 */
export function updateExpectations(
  before: readonly Expectation[],
  { cells, columns }: ConformanceResult,
  backend: string,
  /** The ids of all cases there are, run or not. */
  ids: readonly string[],
): ExpectationsUpdate {
  const own = cells.filter((cell) => cell.backend === backend);
  const dtypes = columns.filter((column) => column.backend === backend && column.offered).map(({ dtype }) => dtype);
  const results = new Map(
    own.flatMap(({ dtype, cases }) => cases.map((result) => [`${result.id} ${dtype}`, result] as const)),
  );
  const of = (id: string, dtype: FloatDType): CaseResult | undefined => results.get(`${id} ${dtype}`);
  const passes = (id: string, dtype: FloatDType): boolean => {
    const result = of(id, dtype);
    return result !== undefined && (result.outcome === 'pass' || result.unexpectedPass === true);
  };
  let [added, removed] = [0, 0];
  const kept = before.flatMap((entry): Expectation[] => {
    const mine = ids.filter((id) => matches(entry.pattern, id));
    const wanted = entry.dtype === undefined ? dtypes : [entry.dtype];
    const passing = mine.filter((id) => wanted.some((dtype) => passes(id, dtype)));
    if (passing.length === 0) return [entry];
    removed += mine.reduce((sum, id) => sum + wanted.filter((dtype) => passes(id, dtype)).length, 0);
    return mine.flatMap((id) =>
      byDType(
        id,
        wanted.filter((dtype) => !passes(id, dtype)),
        wanted.length > 1 || entry.dtype === undefined ? dtypes : [],
        entry,
      ),
    );
  });
  const fresh = [...new Set(own.flatMap(({ cases }) => cases.map(({ id }) => id)))].flatMap((id) => {
    const failing = dtypes.filter((dtype) => {
      const result = of(id, dtype);
      const fails = result?.outcome === 'fail' || result?.outcome === 'error';
      return fails && result.unexpectedPass === undefined && expectationFor(kept, id, dtype) === undefined;
    });
    added += failing.length;
    const reason = `${unexplained}${failing.length > 0 ? (of(id, failing[0]!)?.reason ?? 'it differs') : ''}`;
    return byDType(id, failing, dtypes, { reason });
  });
  return { expectations: [...kept, ...fresh], added, removed };
}

/** One entry for a case that fails in all dtypes, else one for each in which it does. */
const byDType = (
  id: string,
  failing: readonly FloatDType[],
  all: readonly FloatDType[],
  { reason, link }: { readonly reason: string; readonly link?: string },
): Expectation[] => {
  const about = { reason, ...(link === undefined ? {} : { link }) };
  if (failing.length > 0 && failing.length === all.length) return [{ pattern: id, ...about }];
  return failing.map((dtype) => ({ pattern: id, dtype, ...about }));
};
