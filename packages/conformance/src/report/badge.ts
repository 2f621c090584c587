import type { ConformanceResult } from '../result.ts';
import { addTotals } from '../result.ts';
import { percent } from './format.ts';

/** What https://shields.io/badges/endpoint-badge reads. */
export interface Badge {
  readonly schemaVersion: 1;
  readonly label: string;
  readonly message: string;
  readonly color: string;
}

/** A badge for each backend, under the name of a file. What is skipped is neither for nor against it. */
export function badges({ backends, cells }: ConformanceResult): Map<string, Badge> {
  const files = new Map<string, Badge>();
  for (const { id, available } of backends) {
    const { total, passed, skipped } = addTotals(cells.filter(({ backend }) => backend === id));
    const judged = total - skipped;
    const name = id.replace(/[^\w.-]+/g, '-').replace(/^[-.]+|-+$/g, '') || 'implementation';
    let file = `${name}.json`;
    for (let n = 2; files.has(file); n++) file = `${name}-${n}.json`;
    const unknown = !available || judged === 0;
    files.set(file, {
      schemaVersion: 1,
      label: `isoloss: ${id}`,
      message: unknown ? 'not run' : `${percent(passed, judged)} of ${judged} vectors`,
      color: unknown ? 'lightgrey' : colour(passed / judged),
    });
  }
  return files;
}

const colour = (share: number): string =>
  share === 1 ? 'brightgreen' : share >= 0.99 ? 'green' : share >= 0.95 ? 'yellow' : share >= 0.8 ? 'orange' : 'red';
