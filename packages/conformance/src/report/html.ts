import type { ConformanceResult } from '../runner.ts';
export const htmlReport = (_: ConformanceResult): string => '';
