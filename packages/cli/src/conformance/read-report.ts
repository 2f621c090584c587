import { readFile } from 'node:fs/promises';
import { type ConformanceResult, parseReport } from '@isoloss/conformance';
import { messageOf, UsageError } from '../errors.ts';

/** @throws UsageError that names the file and what is wrong with it */
export async function readReport(file: string): Promise<ConformanceResult> {
  try {
    return parseReport(await readFile(file, 'utf8'));
  } catch (error) {
    throw new UsageError(`${file}: ${messageOf(error)}`);
  }
}
