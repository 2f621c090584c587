import { styleText } from 'node:util';
import { summarizePairs } from '../pairs.ts';
import { addTotals, type Cell, type Column, type ConformanceResult, isBad } from '../result.ts';
import { full, plural, seconds, short } from './format.ts';

/** How a report is written for people. */
export interface TerminalOptions {
  /** Columns of the terminal; 100 where it is not known. */
  readonly width?: number;
  /** Whether to colour; where left out, only a terminal is, and NO_COLOR switches off. */
  readonly color?: boolean;
  /** Failing cases to show for each cell. */
  readonly failures?: number;
}

type Style = Parameters<typeof styleText>[0];
type Paint = (style: Style, text: string) => string;

/** The matrix: a row a loss, a column a backend and dtype; passed of total, worst error over bound, worst ULP. */
export function terminalReport(result: ConformanceResult, options: TerminalOptions = {}): string {
  const color = options.color ?? (process.stdout.isTTY === true && !process.env.NO_COLOR);
  const paint: Paint = (style, text) => (color ? styleText(style, text, { validateStream: false } as never) : text);
  const width = options.width ?? process.stdout.columns ?? 100;
  const lines = [...matrix(result, width, paint), '', ...legend(paint), ...notes(result, paint)];
  lines.push(...pairs(result, width, paint));
  lines.push(...problems(result, options.failures ?? 3, paint), '', summary(result, paint));
  return lines.join('\n');
}

interface Box {
  readonly text: string;
  readonly style: Style;
}

function matrix({ columns, losses, cells }: ConformanceResult, width: number, paint: Paint): string[] {
  const byKey = new Map(cells.map((cell) => [`${cell.loss} ${cell.backend} ${cell.dtype}`, cell]));
  const rows = losses.map((loss) =>
    columns.map((column): Box[] => boxes(byKey.get(`${loss} ${column.backend} ${column.dtype}`), column)),
  );
  // Without float64 on a backend its column says nothing: it is left out, and said below.
  const shown = columns.flatMap((column, k) => (column.offered ? [k] : []));
  const first = Math.max(4, ...losses.map((loss) => loss.length));
  const widths = shown.map((k) =>
    [0, 1, 2].map((part) => Math.max(...rows.map((row) => row[k]![part]!.text.length), 1)),
  );
  const total = (k: number) =>
    Math.max(
      widths[k]!.reduce((a, b) => a + b, 2),
      head(columns[shown[k]!]!).length,
    );
  const output: string[] = [];
  // Columns that do not fit stand in a second block below.
  for (let from = 0; from < shown.length; ) {
    let to = from;
    let used = first;
    while (to < shown.length && (to === from || used + 3 + total(to) <= width)) used += 3 + total(to++);
    const block = shown.slice(from, to);
    if (output.length > 0) output.push('');
    output.push(
      paint(
        'bold',
        [' '.repeat(first), ...block.map((k, n) => head(columns[k]!).padEnd(total(from + n)))].join('   ').trimEnd(),
      ),
    );
    output.push(
      paint(
        'dim',
        [' '.repeat(first), ...block.map((k, n) => columns[k]!.dtype.padEnd(total(from + n)))].join('   ').trimEnd(),
      ),
    );
    rows.forEach((row, r) => {
      const parts = block.map((k, n) => {
        const texts = row[k]!.map(({ text, style }, part) => paint(style, text.padStart(widths[from + n]![part]!)));
        const plain = widths[from + n]!.reduce((a, b) => a + b, 2);
        return texts.join(' ') + ' '.repeat(Math.max(0, total(from + n) - plain));
      });
      output.push([losses[r]!.padEnd(first), ...parts].join('   ').trimEnd());
    });
    from = to;
  }
  return output;
}

const head = ({ backend }: Column): string => backend;

function boxes(cell: Cell | undefined, { offered }: Column): Box[] {
  if (!offered || cell === undefined)
    return [
      { text: '·', style: 'dim' },
      { text: '', style: 'dim' },
      { text: '', style: 'dim' },
    ];
  const bad = cell.failed + cell.errors;
  const count: Style = bad > 0 ? ['red', 'bold'] : cell.skipped > 0 ? 'yellow' : 'green';
  const ratio = cell.worstRatio?.ratio;
  return [
    { text: `${cell.passed}/${cell.total}`, style: count },
    { text: short(ratio), style: ratio !== undefined && ratio > 1 ? 'red' : 'reset' },
    { text: short(cell.worstUlp?.ulp), style: 'dim' },
  ];
}

const legend = (paint: Paint): string[] => [
  paint('dim', 'passed/total  worst error over its bound (at most 1 passes)  worst error in ULP'),
];

function notes({ columns, backends, cells }: ConformanceResult, paint: Paint): string[] {
  const lines: string[] = [];
  for (const { id, runtime, available, reason, remedy, foreign, violations = [] } of backends) {
    const missing = columns.filter((column) => column.backend === id && !column.offered).map((column) => column.dtype);
    if (!available)
      lines.push(
        paint('yellow', `${id} is not available: ${reason ?? 'no reason given'}${remedy ? `; ${remedy}` : ''}`),
      );
    else if (foreign) {
      const { total, accurate } = addTotals(cells.filter(({ backend }) => backend === id));
      lines.push(
        paint('dim', `${id}: ${accurate} of ${total} are also within the bound derived for each number (accurate)`),
      );
    }
    for (const { what, count, first } of violations)
      lines.push(
        paint(['red', 'bold'], `${id} broke the line protocol: ${what} (${plural(count, 'time')}, first at ${first})`),
      );
    if (available && missing.length > 0)
      lines.push(paint('dim', `${id}: ${foreign ? 'it' : runtime} offers no ${missing.join(', ')}`));
  }
  const indeterminate = cells.filter((cell) => cell.indeterminate > 0);
  if (indeterminate.length > 0)
    lines.push(
      paint(
        'dim',
        `${plural(
          indeterminate.reduce((n, cell) => n + cell.indeterminate, 0),
          'element',
        )} may leave the format’s range on the way and ${indeterminate.length === 1 ? 'was' : 'were'} not judged`,
      ),
    );
  return lines;
}

/** Every two backends against each other: what a change from one to the other changes. */
function pairs(result: ConformanceResult, width: number, paint: Paint): string[] {
  const rows = summarizePairs(result.pairs).map(({ a, b, dtype, cases, same, apart, oneSided, worst }) => ({
    bad: apart + oneSided > 0,
    texts: [
      `${a} · ${b}`,
      dtype,
      `${same}/${cases}`,
      apart + oneSided === 0 ? '' : `${apart + oneSided}`,
      worst === undefined ? '0' : `${short(worst.ulp)} in ${worst.id}`,
    ],
  }));
  if (rows.length === 0) return [];
  const head = ['every two backends', '', 'the same', 'beyond rounding', 'largest disagreement in ULP'];
  const widths = head.map((title, k) => Math.max(title.length, ...rows.map(({ texts }) => texts[k]!.length)));
  const line = (texts: readonly string[]) =>
    texts
      .map((text, k) => (k === 2 || k === 3 ? text.padStart(widths[k]!) : text.padEnd(widths[k]!)))
      .join('  ')
      .trimEnd();
  // On a narrow terminal the last column, which is the least sure to be needed, is cut.
  return [
    '',
    paint('bold', line(head).slice(0, width)),
    ...rows.map(({ texts, bad }) => paint(bad ? 'yellow' : 'reset', line(texts).slice(0, width))),
  ];
}

/** What did not pass: reasons of skips counted, failures with their numbers. */
function problems({ cells }: ConformanceResult, kept: number, paint: Paint): string[] {
  const lines: string[] = [];
  for (const cell of cells) {
    const where = `${cell.loss} on ${cell.backend} in ${cell.dtype}`;
    const failing = cell.cases.filter(isBad);
    if (failing.length > 0)
      lines.push('', paint(['red', 'bold'], `${where}: ${plural(failing.length, 'case')} failed`));
    for (const { id, comment, outcome, reason, failures } of failing.slice(0, kept)) {
      lines.push(
        `  ${id}${comment ? ` (${comment})` : ''}: ${outcome === 'error' ? `${paint('red', 'error')}: ` : ''}${reason ?? ''}`,
      );
      for (const { output, index, got, exact, error, allowed } of (failures ?? []).slice(0, kept))
        lines.push(
          paint(
            'dim',
            `    ${output}[${index}]  got ${full(got)}  exact ${full(exact)}  error ${short(error)}  bound ${short(allowed)}`,
          ),
        );
    }
    if (failing.length > kept) lines.push(paint('dim', `  and ${failing.length - kept} more`));
    const reasons = new Map<string, number>();
    for (const { outcome, reason } of cell.cases)
      if (outcome === 'skipped')
        reasons.set(reason ?? 'no reason given', (reasons.get(reason ?? 'no reason given') ?? 0) + 1);
    if (!cell.cases.every(({ reason }) => reason?.startsWith('not available')))
      for (const [reason, n] of reasons)
        lines.push(paint('yellow', `${where}: ${plural(n, 'case')} skipped: ${reason}`));
  }
  return lines;
}

function summary({ totals, milliseconds, passed, losses, columns }: ConformanceResult, paint: Paint): string {
  const parts = [
    `${totals.passed} of ${totals.total} passed`,
    totals.failed > 0 ? `${totals.failed} failed` : '',
    totals.errors > 0 ? plural(totals.errors, 'error') : '',
    totals.skipped > 0 ? `${totals.skipped} skipped` : '',
    totals.expectedFailures > 0 ? `${totals.expectedFailures} failed as expected` : '',
  ].filter(Boolean);
  const scope = `${losses.length} ${losses.length === 1 ? 'loss' : 'losses'}, ${plural(columns.filter(({ offered }) => offered).length, 'column')}, ${seconds(milliseconds)}`;
  return `${paint(passed ? ['green', 'bold'] : ['red', 'bold'], passed ? 'PASS' : 'FAIL')} ${parts.join(', ')} (${scope})`;
}
