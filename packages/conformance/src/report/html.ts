import type { CaseResult, Cell, Column, ConformanceResult } from '../result.ts';
import { numberToJSON } from '../tensor-json.ts';
import { plural, seconds, short } from './format.ts';
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
<div class="key"><span><i></i>worst error over its bound, from 0 to 1</span><span><b>passed/total</b></span><span>error/bound · ULP</span><span>– not offered by the runtime</span><span>choose a cell to see its cases</span></div>
<h2>Backends</h2>
${backends(result)}
<h2 id="details">Cases</h2>
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

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => entities[character]!);

function matrix({ columns, losses, cells }: ConformanceResult): string {
  const byKey = new Map(cells.map((cell) => [`${cell.loss} ${cell.backend} ${cell.dtype}`, cell]));
  const groups: { backend: string; span: number }[] = [];
  for (const { backend } of columns) {
    if (groups.at(-1)?.backend === backend) groups.at(-1)!.span++;
    else groups.push({ backend, span: 1 });
  }
  const head = [
    `<tr><th rowspan="2">loss</th>${groups.map(({ backend, span }) => `<th colspan="${span}">${escaped(backend)}</th>`).join('')}</tr>`,
    `<tr>${columns.map(({ dtype }) => `<th>${dtype}</th>`).join('')}</tr>`,
  ];
  const rows = losses.map(
    (loss) =>
      `<tr><th scope="row">${escaped(loss)}</th>${columns
        .map((column, k) => box(byKey.get(`${loss} ${column.backend} ${column.dtype}`), column, k))
        .join('')}</tr>`,
  );
  return `<div class="scroll"><table class="matrix"><thead>${head.join('')}</thead><tbody>${rows.join('')}</tbody></table></div>`;
}

function box(cell: Cell | undefined, column: Column, k: number): string {
  if (cell === undefined)
    return `<td class="none" title="${column.offered ? 'not run' : `${column.backend} offers no ${column.dtype}`}">–</td>`;
  const bad = cell.failed + cell.errors > 0;
  const some = cell.skipped > 0 || cell.expectedFailures > 0;
  const ratio = cell.worstRatio?.ratio;
  const heat =
    bad || some
      ? ''
      : ` style="background: hsl(var(--pass-ground) / ${(0.05 + 0.45 * Math.min(ratio ?? 0, 1)).toFixed(3)})"`;
  const state = bad ? 'bad' : some ? 'some' : 'good';
  const detail = ratio === undefined ? 'no numbers' : `${short(ratio)} · ${short(cell.worstUlp?.ulp)} ULP`;
  return `<td class="${state}"${heat}><button type="button" data-loss="${escaped(cell.loss)}" data-column="${k}" aria-label="${escaped(`${cell.loss} on ${nameOf(column)}: ${cell.passed} of ${cell.total} passed`)}"><b class="${bad ? 'fail' : some ? 'skipped' : ''}">${cell.passed}/${cell.total}</b><small>${escaped(detail)}</small></button></td>`;
}

function backends({ backends, columns }: ConformanceResult): string {
  const rows = backends.map((backend) => {
    const missing = columns
      .filter((column) => column.backend === backend.id && !column.offered)
      .map(({ dtype }) => dtype);
    const remarks = [
      backend.available
        ? ''
        : `not available: ${backend.reason ?? 'no reason given'}${backend.remedy ? `; ${backend.remedy}` : ''}`,
      missing.length > 0 ? `offers no ${missing.join(', ')}` : '',
      backend.foreign ? 'foreign: judged normwise' : '',
      ...(backend.notes ?? []),
    ].filter(Boolean);
    const accuracy = Object.entries(backend.accuracy ?? {}).map(([op, ulp]) => `${op} ${ulp}`);
    return `<tr><td><b>${escaped(backend.id)}</b></td><td>${escaped(backend.runtime)}</td><td>${escaped(backend.device)}</td><td>${escaped(accuracy.length > 0 ? accuracy.join(', ') : 'native')}</td><td class="soft">${escaped(remarks.join('; '))}</td></tr>`;
  });
  return `<div class="scroll"><table class="backends"><thead><tr><th>backend</th><th>runtime</th><th>device</th><th>functions, in ULP</th><th>remarks</th></tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
}

/** What the script shows: comments and flags once a loss, results once a cell. */
function embedded({ columns, cells }: ConformanceResult): string {
  const cases: Record<string, { id: string; comment?: string; flags: readonly string[] }[]> = {};
  for (const { loss, cases: list } of cells)
    cases[loss] ??= list.map(({ id, comment, flags }) => ({
      id,
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

const rounded = (x: number | undefined): number | undefined =>
  x === undefined || !Number.isFinite(x) ? x : Number(x.toPrecision(3));

function compact({ outcome, expectedFailure, reason, ratio, ulp, failures }: CaseResult): Record<string, unknown> {
  return {
    outcome: outcome === 'fail' && expectedFailure !== undefined ? 'expected' : outcome,
    ...(reason === undefined
      ? {}
      : { reason: expectedFailure === undefined ? reason : `${expectedFailure.reason}: ${reason}` }),
    ...(ratio === undefined ? {} : { ratio: rounded(ratio) }),
    ...(ulp === undefined ? {} : { ulp: rounded(ulp) }),
    ...(failures === undefined || failures.length === 0
      ? {}
      : {
          failures: failures.map(({ output, index, got, exact, error, allowed, ulp }) => [
            `${output}[${index}]`,
            got,
            exact,
            rounded(error),
            rounded(allowed),
            rounded(ulp),
          ]),
        }),
  };
}
