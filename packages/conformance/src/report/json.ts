import { numberFromJSON } from '@isoloss/core';
import type { Pair } from '../pairs.ts';
import type { CaseResult, Cell, ConformanceResult } from '../result.ts';
import { numberToJSON } from '../tensor-json.ts';

const schema = 'isoloss-report/2';

type CaseLine = Pick<CaseResult, 'id' | 'flags' | 'comment' | 'options'> & { readonly loss: string };
type ResultLine = Omit<CaseResult, 'flags' | 'comment' | 'options'> & Pick<Cell, 'backend' | 'dtype'>;
type CellLine = Omit<Cell, 'cases'>;

/**
 * The whole result for machines, one JSON object a line: a header, then for each loss its cases and, a backend and dtype
 * after the other, the results and the cell that sums them up; then the pairs; then the totals. NaN and ∞ are strings,
 * as in the vectors. {@link parseReport} reads it back.
 */
export function jsonReport(result: ConformanceResult): string {
  const { cells, pairs, totals, passed, milliseconds, backends, columns, losses, started } = result;
  const lines: object[] = [{ report: schema, started, backends, columns, losses }];
  for (const loss of losses) {
    const own = cells.filter((cell) => cell.loss === loss);
    for (const { id, flags, comment, options } of own[0]?.cases ?? [])
      lines.push({
        case: { loss, id, ...(comment === undefined ? {} : { comment }), flags, options } satisfies CaseLine,
      });
    for (const { cases, ...cell } of own) {
      for (const { id, flags: _, comment: __, options: ___, ...rest } of cases)
        lines.push({ result: { id, backend: cell.backend, dtype: cell.dtype, ...rest } satisfies ResultLine });
      lines.push({ cell });
    }
  }
  for (const pair of pairs) lines.push({ pair });
  lines.push({ totals, passed, milliseconds });
  return `${lines.map((line) => JSON.stringify(line, (_, value) => (typeof value === 'number' ? numberToJSON(value) : value))).join('\n')}\n`;
}

/** What may hold NaN or an infinity: elsewhere these words are text. */
const numeric = new Set(['got', 'exact', 'error', 'allowed', 'ratio', 'ulp', 'a', 'b']);

function revive(key: string, value: unknown): unknown {
  if (numeric.has(key) && typeof value === 'string') return numberFromJSON(value) ?? value;
  if (key === 'others' && value !== null && typeof value === 'object')
    return Object.fromEntries(
      Object.entries(value).map(([backend, entry]) => [backend, numberFromJSON(entry) ?? entry]),
    );
  return value;
}

/**
 * Reads what {@link jsonReport} wrote.
 * @throws Error that names the line and what is wrong with it
 */
export function parseReport(text: string): ConformanceResult {
  const lines = text.split('\n').flatMap((line, k) => (line.trim() === '' ? [] : [parseLine(line, k + 1)]));
  const header = lines[0];
  if (header?.report !== schema)
    throw new Error(
      `line 1 is not the header of a report of schema ${schema}; isoloss conformance --report json makes one`,
    );
  const footer = lines.at(-1)!;
  if (!('totals' in footer)) throw new Error('the last line is not the totals: the report is cut off');
  const about = new Map<string, CaseLine>();
  const cells: Cell[] = [];
  const pairs: Pair[] = [];
  let results: CaseResult[] = [];
  for (const line of lines.slice(1, -1)) {
    if ('case' in line) about.set((line.case as CaseLine).id, line.case as CaseLine);
    else if ('result' in line) {
      const { backend: _, dtype: __, ...result } = line.result as ResultLine;
      const known = about.get(result.id);
      if (known === undefined) throw new Error(`there is a result of ${result.id} before its case`);
      const { loss: ___, ...own } = known;
      results.push({ ...own, ...result });
    } else if ('cell' in line) {
      cells.push({ ...(line.cell as CellLine), cases: results });
      results = [];
    } else if ('pair' in line) pairs.push(line.pair as Pair);
  }
  const { started, backends, columns, losses } = header as unknown as ConformanceResult;
  const { totals, passed, milliseconds } = footer as unknown as ConformanceResult;
  return { started, milliseconds, backends, columns, losses, cells, pairs, totals, passed };
}

function parseLine(line: string, number: number): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line, revive);
    if (value !== null && typeof value === 'object') return value as Record<string, unknown>;
  } catch {}
  throw new Error(`line ${number} is not a line of a report: ${line.slice(0, 60)}`);
}
