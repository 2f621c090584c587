import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type ConformanceResult, htmlReport, jsonReport } from '@isoloss/conformance';
import { UsageError } from '../errors.ts';

interface Report {
  readonly format: 'html' | 'json';
  readonly file: string;
}

export function reportOf(report: string | undefined, output: string | undefined): Report | undefined {
  if (report === undefined && output === undefined) return undefined;
  const format = report ?? output!.split('.').at(-1);
  if (format !== 'html' && format !== 'json')
    throw new UsageError(
      report === undefined
        ? `--output ${output}: name it .html or .json, or say --report html`
        : `--report is html or json, not ${report}`,
    );
  return { format, file: output ?? `report.${format}` };
}

export async function writeReport({ format, file }: Report, result: ConformanceResult): Promise<void> {
  const text = format === 'html' ? htmlReport(result) : jsonReport(result);
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  } catch (error) {
    throw new UsageError(`--output ${file}: ${(error as Error).message}`);
  }
  process.stderr.write(`wrote ${file}\n`);
}
