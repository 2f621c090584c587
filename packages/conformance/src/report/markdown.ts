import { catalogue } from '@isoloss/core';
import { summarizePairs } from '../pairs.ts';
import { addTotals, type Cell, type Column, type ConformanceResult, isBad } from '../result.ts';
import { full, plural, seconds, short, escapeMarkdown as text } from './format.ts';

/** Rows of failing cases in a summary; the rest is counted. */
const listed = 30;

/** A summary for people who read CI: the verdict, the matrix by family, what failed, and every pair of backends. */
export function markdownReport(result: ConformanceResult): string {
  const { totals, passed, losses, milliseconds, cells } = result;
  const parts = [
    `${totals.passed} of ${totals.total} passed`,
    totals.failed > 0 ? `${totals.failed} failed` : '',
    totals.errors > 0 ? plural(totals.errors, 'error') : '',
    totals.skipped > 0 ? `${totals.skipped} skipped` : '',
    totals.expectedFailures > 0 ? `${totals.expectedFailures} failed as expected` : '',
  ].filter(Boolean);
  const family = new Map(losses.map((loss) => [loss, catalogue.get(loss)?.family ?? 'other']));
  const groups = new Map<string, string[]>();
  // A few losses are worth a row each.
  for (const loss of losses) {
    const key = losses.length > 12 ? family.get(loss)! : loss;
    groups.set(key, [...(groups.get(key) ?? []), loss]);
  }
  const columns = result.columns.filter(({ offered }) => offered);
  const rows = [...groups].map(([name, members]) => [
    losses.length > 12 ? `${text(name)} (${members.length})` : text(name),
    ...columns.map((column) => box(cells.filter((cell) => of(cell, column) && members.includes(cell.loss)))),
  ]);
  const first = losses.length > 12 ? 'family (losses)' : 'loss';
  const lines = [
    `## ${passed ? '✅ Pass' : '❌ Fail'}: ${parts.join(', ')}`,
    '',
    `${plural(losses.length, 'loss').replace('losss', 'losses')}, ${plural(columns.length, 'column')}, ${seconds(milliseconds)}.`,
    '',
    ...table([first, ...columns.map(({ backend, dtype }) => `${text(backend)} ${dtype.replace('float', 'f')}`)], rows),
    '',
    'Vectors passed, and the worst error over what is allowed (1 is the limit).',
    ...remarks(result),
    ...failures(result),
    ...pairs(result),
  ];
  return `${lines.join('\n')}\n`;
}

const of = (cell: Cell, { backend, dtype }: Column): boolean => cell.backend === backend && cell.dtype === dtype;

function box(cells: readonly Cell[]): string {
  const { total, passed, failed, errors } = addTotals(cells);
  if (total === 0) return '–';
  const ratios = cells.flatMap(({ worstRatio }) => (worstRatio === undefined ? [] : [worstRatio.ratio]));
  return `${failed + errors > 0 ? '❌ ' : ''}${passed}/${total} ${short(ratios.length === 0 ? undefined : Math.max(...ratios))}`;
}

export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string[] => [
  `| ${head.join(' | ')} |`,
  `|${head.map(() => ' --- ').join('|')}|`,
  ...rows.map((row) => `| ${row.join(' | ')} |`),
];

function remarks({ backends, cells }: ConformanceResult): string[] {
  const lines = backends.flatMap(({ id, available, reason, foreign, violations = [] }) => [
    ...(available ? [] : [`- ${text(id)} is not available: ${text(reason ?? 'no reason given')}`]),
    ...(foreign && available
      ? [
          `- ${text(id)} is judged normwise; ${addTotals(cells.filter(({ backend }) => backend === id)).accurate} of its results are also within the bound derived for each number`,
        ]
      : []),
    ...violations.map(
      ({ what, count, first }) =>
        `- ${text(id)} broke the line protocol: ${text(what)} (${count}, first at ${text(first)})`,
    ),
  ]);
  return lines.length === 0 ? [] : ['', ...lines];
}

function failures({ cells }: ConformanceResult): string[] {
  const bad = cells.flatMap((cell) => cell.cases.filter(isBad).map((found) => ({ cell, found })));
  if (bad.length === 0) return [];
  // Many cases fail for one reason, as after a crash: that is one row.
  const rows = new Map<string, { cells: string[]; id: string; more: number }>();
  for (const { cell, found } of bad) {
    const first = found.failures?.[0];
    const numbers = first === undefined ? ['', ''] : [full(first.got), full(first.exact)];
    const cells = [`${text(cell.backend)} ${cell.dtype}`, ...numbers, text((found.reason ?? '').slice(0, 200))];
    const row = rows.get(cells.join('\n'));
    if (row === undefined) rows.set(cells.join('\n'), { cells, id: found.id, more: 0 });
    else row.more++;
  }
  const shown = [...rows.values()].slice(0, listed);
  const rest = bad.length - shown.reduce((sum, { more }) => sum + more + 1, 0);
  return [
    '',
    `### ${bad.length === 1 ? 'One case' : `${bad.length} cases`} did not pass`,
    '',
    ...table(
      ['case', 'on', 'got', 'exact', 'why'],
      shown.map(({ cells, id, more }) => [more === 0 ? id : `${id} and ${more} more`, ...cells]),
    ),
    ...(rest > 0 ? ['', `And ${rest} more.`] : []),
  ];
}

function pairs(result: ConformanceResult): string[] {
  const rows = summarizePairs(result.pairs).map(({ a, b, dtype, cases, same, apart, oneSided, worst }) => [
    `${text(a)} · ${text(b)}`,
    dtype,
    `${same}/${cases}`,
    String(apart),
    String(oneSided),
    worst === undefined ? '0' : `${short(worst.ulp)} (${worst.id}, ${text(worst.output)}[${worst.index}])`,
  ]);
  if (rows.length === 0) return [];
  const head = ['backends', 'dtype', 'the same', 'beyond rounding', 'only one answers', 'largest disagreement, ULP'];
  return ['', '### Every two backends against each other', '', ...table(head, rows)];
}
