/** One line (or several) on standard output. */
export const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

/** What JSON has no number for, as the strings that the protocol has for it. */
const number = (value: number): string =>
  Object.is(value, -0) ? '"-0"' : Number.isFinite(value) ? String(value) : `"${value}"`;

/** JSON on one line. */
export const toJSON = (value: unknown): string =>
  typeof value === 'number'
    ? number(value)
    : JSON.stringify(value, (_, entry) =>
        typeof entry === 'number' && (!Number.isFinite(entry) || Object.is(entry, -0))
          ? JSON.parse(number(entry))
          : entry,
      );

/** JSON for programs and people: indented, with lists of plain values on one line. */
function pretty(value: unknown, indent: string): string {
  if (value === null || typeof value !== 'object') return toJSON(value);
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function')
    return pretty((value as { toJSON(): unknown }).toJSON(), indent);
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    if (value.every((entry) => entry === null || typeof entry !== 'object')) return `[${value.map(toJSON).join(', ')}]`;
    return `[\n${value.map((entry) => `${inner}${pretty(entry, inner)}`).join(',\n')}\n${indent}]`;
  }
  const entries = Object.entries(value).filter(([, entry]) => entry !== undefined);
  if (entries.length === 0) return '{}';
  const lines = entries.map(([key, entry]) => `${inner}${JSON.stringify(key)}: ${pretty(entry, inner)}`);
  return `{\n${lines.join(',\n')}\n${indent}}`;
}

export const printJSON = (value: unknown): void => print(pretty(value, ''));

/** Columns aligned by padding, the last one left as it is. */
export function table(rows: readonly (readonly string[])[], gap = '  '): string[] {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, k) => {
      widths[k] = Math.max(widths[k] ?? 0, cell.length);
    });
  return rows.map((row) =>
    row
      .map((cell, k) => (k === row.length - 1 ? cell : cell.padEnd(widths[k]!)))
      .join(gap)
      .trimEnd(),
  );
}

/** Breaks text at spaces, for a terminal; what is piped is left whole by a width of Infinity. */
export function wrap(text: string, indent: string, width: number = terminalWidth()): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && indent.length + line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].map((part) => `${indent}${part}`).join('\n');
}

export const terminalWidth = (): number => (process.stdout.isTTY ? Math.max(process.stdout.columns, 60) : Infinity);

/** The shortest decimal that is the same number in its dtype. */
export function formatNumber(value: number, dtype: string): string {
  if (Object.is(value, -0)) return '-0';
  if (dtype !== 'float32' || !Number.isFinite(value) || Number.isInteger(value)) return String(value);
  for (let digits = 1; digits < 9; digits++) {
    const text = value.toPrecision(digits);
    if (Math.fround(Number(text)) === value) return String(Number(text));
  }
  return String(Number(value.toPrecision(9)));
}
