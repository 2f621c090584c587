import type { FileArray } from './array.ts';
import { badFile } from './errors.ts';

const words: ReadonlyMap<string, number> = new Map([
  ['nan', Number.NaN],
  ['inf', Infinity],
  ['+inf', Infinity],
  ['-inf', -Infinity],
  ['infinity', Infinity],
  ['-infinity', -Infinity],
]);

const numeral = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

function toNumber(cell: string): number | undefined {
  const text = cell.trim().replace(/^"(.*)"$/, '$1');
  return numeral.test(text) ? Number(text) : words.get(text.toLowerCase());
}

/**
 * Reads a table of numbers: one column gives shape [rows], more give [rows, columns]. Cells are parted by commas,
 * semicolons, tabs or spaces, whichever of these comes first in that order; a first line that is not all numbers is a
 * header; lines that start with # and empty lines are passed over.
 * @throws LossInputError BAD_FILE with the line and column
 */
export function readCSV(text: string, file: string, input: string): FileArray {
  const bad = (message: string) => badFile(file, message, input);
  const lines = text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\n|\r/)
    .map((line, k) => ({ line: line.trim(), number: k + 1 }))
    .filter(({ line }) => line !== '' && !line.startsWith('#'));
  if (lines.length === 0) throw bad('is empty');
  const first = lines[0]!.line;
  const separator = [',', ';', '\t'].find((mark) => first.includes(mark)) ?? /\s+/;
  const rows = lines.map(({ line, number }) => ({ cells: line.split(separator), number }));
  if (rows[0]!.cells.some((cell) => toNumber(cell) === undefined)) rows.shift();
  if (rows.length === 0) throw bad('has a header and no numbers');

  const columns = rows[0]!.cells.length;
  const data = new Float64Array(rows.length * columns);
  for (const [k, { cells, number }] of rows.entries()) {
    if (cells.length !== columns)
      throw bad(`line ${number} has ${cells.length} columns where the first has ${columns}`);
    for (const [column, cell] of cells.entries()) {
      const value = toNumber(cell);
      if (value === undefined)
        throw bad(`line ${number}, column ${column + 1}: ${JSON.stringify(cell)} is not a number`);
      data[k * columns + column] = value;
    }
  }
  return { shape: columns === 1 ? [rows.length] : [rows.length, columns], data, kind: 'number' };
}
