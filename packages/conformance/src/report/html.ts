import { catalogue } from '@isoloss/core';
import type { ElementResult } from '../compare.ts';
import { summarizePairs } from '../pairs.ts';
import { addTotals, type CaseResult, type Cell, type Column, type ConformanceResult } from '../result.ts';
import { numberToJSON } from '../tensor-json.ts';
import { safeLink } from '../text.ts';
import { escapeHtml as escaped, full, plural, seconds, short } from './format.ts';
import { script } from './html-script.ts';
import { style } from './html-style.ts';

/** The whole result as one page without any outside resource: a heat table, and every case behind it. */
export function htmlReport(result: ConformanceResult): string {
  const { totals, passed } = result;
  const numbers: [number, string][] = [
    [totals.passed, `of ${totals.total} passed`],
    [totals.failed, 'failed'],
    [totals.errors, totals.errors === 1 ? 'error' : 'errors'],
    [totals.skipped, 'skipped'],
    ...(totals.expectedFailures > 0 ? [[totals.expectedFailures, 'failed as expected'] as [number, string]] : []),
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<title>isoloss conformance: ${passed ? 'passed' : 'failed'}</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<main>
<h1><span class="verdict ${passed ? 'pass' : 'fail'}">${passed ? 'Pass' : 'Fail'}</span>Loss functions against exact mathematics</h1>
<p class="soft">${`${result.losses.length} ${result.losses.length === 1 ? 'loss' : 'losses'}`} on ${escaped(plural(result.backends.length, 'backend'))}, ${escaped(result.started.slice(0, 16).replace('T', ' '))} UTC, ${seconds(result.milliseconds)}</p>
<ul class="totals">${numbers.map(([n, label]) => `<li><b>${n}</b><span>${escaped(label)}</span></li>`).join('')}</ul>
<h2>Losses and backends</h2>
${matrix(result)}
<div class="key"><span><i></i>worst error over its bound, from 0 to 1</span><span><b>passed/total</b></span><span>error/bound · ULP</span><span>choose a cell to see its cases</span></div>
<h2>Backends</h2>
${backends(result)}
${pairs(result)}<h2 id="details">Cases</h2>
<div class="controls">
<input type="search" id="search" placeholder="Search ids, comments, flags, reasons" aria-label="Search cases">
<select id="outcome" aria-label="Outcome">${outcomes(passed)}</select>
<select id="loss" aria-label="Loss"><option value="">every loss</option>${result.losses.map((loss) => `<option>${escaped(loss)}</option>`).join('')}</select>
<select id="column" aria-label="Backend"><option value="">every backend</option>${result.columns.flatMap((column, k) => (column.offered ? [`<option value="${k}">${escaped(nameOf(column))}</option>`] : [])).join('')}</select>
</div>
<p class="soft" id="count" aria-live="polite"></p>
<div class="scroll"><table class="cases"><thead><tr><th>case</th><th>about</th><th>outcome</th><th class="right">error/bound</th><th class="right">ULP</th></tr></thead><tbody id="cases"></tbody></table></div>
<noscript><p>The list of cases needs JavaScript; the table above does not.</p></noscript>
</main>
<script type="application/json" id="data">${embedded(result)}</script>
<script>${script}</script>
</body>
</html>
`;
}

/** A page that passed opens on everything, one that failed on what did not pass. */
const outcomes = (passed: boolean): string =>
  [
    ['', 'every outcome'],
    ['not', 'not passed'],
    ['pass', 'passed'],
    ['inaccurate', 'passed, not accurate'],
    ['fail', 'failed'],
    ['error', 'errors'],
    ['skipped', 'skipped'],
    ['expected', 'failed as expected'],
  ]
    .map(
      ([value, label]) => `<option value="${value}"${!passed && value === 'not' ? ' selected' : ''}>${label}</option>`,
    )
    .join('');

const nameOf = ({ backend, dtype }: Column): string => `${backend} ${dtype}`;

function matrix({ columns: all, losses, cells }: ConformanceResult): string {
  const byKey = new Map(cells.map((cell) => [`${cell.loss} ${cell.backend} ${cell.dtype}`, cell]));
  // What a runtime does not offer is said with the backends; a column of dashes says it again and again.
  const columns = all.flatMap((column, k) => (column.offered ? [{ column, k }] : []));
  const groups: { backend: string; span: number }[] = [];
  for (const { backend } of columns.map(({ column }) => column)) {
    if (groups.at(-1)?.backend === backend) groups.at(-1)!.span++;
    else groups.push({ backend, span: 1 });
  }
  const head = [
    `<tr><th rowspan="2">loss</th>${groups.map(({ backend, span }) => `<th colspan="${span}">${escaped(backend)}</th>`).join('')}</tr>`,
    `<tr>${columns.map(({ column }) => `<th>${column.dtype}</th>`).join('')}</tr>`,
  ];
  const families = new Map<string, string[]>();
  for (const loss of losses) {
    const family = catalogue.get(loss)?.family ?? 'other';
    families.set(family, [...(families.get(family) ?? []), loss]);
  }
  const row = (loss: string) =>
    `<tr><th scope="row">${escaped(loss)}</th>${columns
      .map(({ column, k }) => box(byKey.get(`${loss} ${column.backend} ${column.dtype}`), column, k))
      .join('')}</tr>`;
  const body = [...families]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([family, members]) => {
      const title =
        families.size > 1
          ? `<tr class="family"><th scope="rowgroup">${escaped(family)}</th><td colspan="${columns.length}"></td></tr>`
          : '';
      return `<tbody>${title}${members.map(row).join('')}</tbody>`;
    });
  return `<div class="scroll tall"><table class="matrix"><thead>${head.join('')}</thead>${body.join('')}</table></div>`;
}

function box(cell: Cell | undefined, column: Column, k: number): string {
  if (cell === undefined) return `<td class="none" title="not run on ${escaped(column.backend)}">–</td>`;
  const bad = cell.failed + cell.errors > 0;
  const some = cell.skipped > 0 || cell.expectedFailures > 0;
  const ratio = cell.worstRatio?.ratio;
  const heat =
    bad || some
      ? ''
      : ` style="background: hsl(var(--pass-ground) / ${(0.05 + 0.45 * Math.min(ratio ?? 0, 1)).toFixed(3)})"`;
  const state = bad ? 'bad' : some ? 'some' : 'good';
  const detail = bad || some ? shortfall(cell) : numbers(cell, column);
  return `<td class="${state}"${heat}><button type="button" title="${escaped(`${cell.loss} on ${nameOf(column)}${column.grade === 'conforming' ? `, judged normwise: ${cell.accurate} of ${cell.passed} are accurate` : ''}`)}" data-loss="${escaped(cell.loss)}" data-column="${k}" aria-label="${escaped(`${cell.loss} on ${nameOf(column)}: ${cell.passed} of ${cell.total} passed`)}"><b class="${bad ? 'fail' : some ? 'skipped' : ''}">${cell.passed}/${cell.total}</b><small>${escaped(detail)}</small></button></td>`;
}

function backends({ backends, columns, cells }: ConformanceResult): string {
  const rows = backends.map((backend) => {
    const missing = columns
      .filter((column) => column.backend === backend.id && !column.offered)
      .map(({ dtype }) => dtype);
    const remarks = [
      backend.available
        ? ''
        : `not available: ${backend.reason ?? 'no reason given'}${backend.remedy ? `; ${backend.remedy}` : ''}`,
      missing.length > 0 ? `offers no ${missing.join(', ')}` : '',
      backend.foreign && backend.available ? guest(addTotals(cells.filter((cell) => cell.backend === backend.id))) : '',
      ...(backend.violations ?? []).map(
        ({ what, count, first }) => `broke the line protocol: ${what} (${plural(count, 'time')}, first at ${first})`,
      ),
      ...(backend.notes ?? []),
    ].filter(Boolean);
    const accuracy = Object.entries(backend.accuracy ?? {}).map(([op, ulp]) => `${op} ${ulp}`);
    return `<tr><td><b>${escaped(backend.id)}</b>${backend.foreign && backend.version !== '' ? ` <span class="soft">${escaped(backend.version)}</span>` : ''}</td><td>${escaped(backend.runtime)}</td><td>${escaped(backend.device)}</td><td class="ulps">${escaped(accuracy.length > 0 ? accuracy.join(', ') : 'native')}</td><td class="soft">${escaped(remarks.join('; '))}</td></tr>`;
  });
  return `<div class="scroll"><table class="backends"><thead><tr><th>backend</th><th>runtime</th><th>device</th><th>functions, in ULP</th><th>remarks</th></tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
}

/** What a cell that did not wholly pass came to. */
const shortfall = ({ failed, errors, skipped, expectedFailures }: Cell): string =>
  [
    failed > 0 ? `${failed} failed` : '',
    errors > 0 ? plural(errors, 'error') : '',
    expectedFailures > 0 ? `${expectedFailures} expected` : '',
    skipped > 0 ? `${skipped} skipped` : '',
  ]
    .filter(Boolean)
    .join(' · ');

function numbers({ worstRatio, worstUlp, accurate }: Cell, { grade }: Column): string {
  if (worstRatio === undefined) return 'no numbers';
  return `${short(worstRatio.ratio)} · ${grade === 'conforming' ? `${accurate} accurate` : `${short(worstUlp?.ulp)} ULP`}`;
}

const guest = ({ accurate, total }: { accurate: number; total: number }): string =>
  `an implementation by others: ${accurate} of ${total} are within the bound derived for each number`;

/** Every two backends against each other, those furthest apart first. */
function pairs({ pairs: all, columns }: ConformanceResult): string {
  const summary = summarizePairs(all);
  if (summary.length === 0) return '';
  const order = (dtype: string) => columns.findIndex((column) => column.dtype === dtype);
  const weight = (pair: (typeof summary)[number]) => pair.apart + pair.oneSided;
  const rows = [...summary]
    .sort((p, q) => order(p.dtype) - order(q.dtype) || weight(q) - weight(p))
    .map(({ a, b, dtype, cases, same, apart, oneSided, worst, losses }) => {
      const where =
        worst === undefined
          ? '<span class="soft">no number differs</span>'
          : `<span class="number">${escaped(short(worst.ulp))}</span> <span class="soft">in <code>${escaped(`${worst.id} ${worst.output}[${worst.index}]`)}</code>: <span class="number">${escaped(full(worst.a))}</span> and <span class="number">${escaped(full(worst.b))}</span></span>`;
      const trouble = apart + oneSided;
      const named =
        losses.length > 6 ? `${losses.slice(0, 6).join(', ')} and ${losses.length - 6} more` : losses.join(', ');
      return `<tr><td><b>${escaped(a)}</b> <span class="soft">and</span> <b>${escaped(b)}</b> <span class="tag">${dtype}</span></td><td class="right">${same}/${cases}</td><td class="right${trouble > 0 ? ' skipped' : ''}">${trouble > 0 ? `<b>${apart}</b>${oneSided > 0 ? ` + ${oneSided} answered by one` : ''}` : '0'}</td><td>${where}${named === '' ? '' : `<div class="soft">${escaped(named)}</div>`}</td></tr>`;
    });
  return `<h2>Every two backends</h2>
<p class="soft">What a change from one to the other changes: cases whose numbers are the same bit for bit, cases that differ by more than the rounding of both explains, and the largest disagreement, in units of the last place.</p>
<div class="scroll"><table class="pairs"><thead><tr><th>backends</th><th class="right">the same</th><th class="right">beyond rounding</th><th>largest disagreement, ULP</th></tr></thead><tbody>${rows.join('')}</tbody></table></div>
`;
}

/** What the script shows: comments and flags once a loss, results once a cell. */
function embedded({ columns, cells }: ConformanceResult): string {
  const cases: Record<string, { id: string; comment?: string; options?: string; flags: readonly string[] }[]> = {};
  for (const { loss, cases: list } of cells)
    cases[loss] ??= list.map(({ id, comment, flags, options }) => ({
      id,
      ...(Object.keys(options).length === 0 ? {} : { options: optionsInWords(options) }),
      ...(comment === undefined ? {} : { comment }),
      flags,
    }));
  const data = {
    columns: columns.map(nameOf),
    cases,
    cells: cells.map((cell) => ({
      loss: cell.loss,
      column: columns.findIndex(({ backend, dtype }) => backend === cell.backend && dtype === cell.dtype),
      cases: cell.cases.map(compact),
    })),
  };
  const json = JSON.stringify(data, (_, value) => (typeof value === 'number' ? numberToJSON(value) : value));
  // `</script>` and `<!--` inside a string would end or change the element.
  return json
    .replace(/</g, '\\u003c')
    .replace(/\u2028/g, '\\u2028')
    .replace(/\u2029/g, '\\u2029');
}

const optionsInWords = (options: Readonly<Record<string, unknown>>): string =>
  Object.entries(options)
    .map(([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');

const rounded = (x: number | undefined): number | undefined =>
  x === undefined || !Number.isFinite(x) ? x : Number(x.toPrecision(3));

function compact({
  outcome,
  expectedFailure,
  reason,
  link,
  ratio,
  ulp,
  failures,
  inaccurate,
}: CaseResult): Record<string, unknown> {
  return {
    outcome: expectedFailure !== undefined ? 'expected' : outcome,
    ...((expectedFailure?.link ?? link) === undefined ? {} : { link: safeLink(expectedFailure?.link ?? link) }),
    ...(outcome === 'pass' && inaccurate !== undefined ? { inaccurate: row(inaccurate) } : {}),
    ...(reason === undefined
      ? {}
      : { reason: expectedFailure === undefined ? reason : `${expectedFailure.reason}: ${reason}` }),
    ...(ratio === undefined ? {} : { ratio: rounded(ratio) }),
    ...(ulp === undefined ? {} : { ulp: rounded(ulp) }),
    ...(failures === undefined || failures.length === 0
      ? {}
      : {
          failures: failures.map(row),
        }),
  };
}

/** An element as the script's table has it; what the other backends gave stands last. */
const row = ({ output, index, got, exact, error, allowed, ulp, others = {} }: ElementResult): unknown[] => [
  `${output}[${index}]`,
  got,
  exact,
  rounded(error),
  rounded(allowed),
  rounded(ulp),
  Object.entries(others),
];
