import type { ConformanceResult } from '../result.ts';
import { numberToJSON } from '../tensor-json.ts';

/** The whole result for machines: JSON in which NaN and ∞ are strings, as in the vectors. */
export function jsonReport(result: ConformanceResult): string {
  return JSON.stringify(
    { schema: 'isoloss-report/1', ...result },
    (_, value) => (typeof value === 'number' ? numberToJSON(value) : value),
    1,
  );
}
