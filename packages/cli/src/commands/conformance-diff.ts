import { diffInWords, diffReports } from '@isoloss/conformance';
import { readReport } from '../conformance/read-report.ts';
import { print, printJSON } from '../output.ts';

export async function conformanceDiff(before: string, after: string, { json }: { json?: boolean }): Promise<void> {
  const diff = diffReports(await readReport(before), await readReport(after));
  if (json) printJSON(diff);
  else print(diffInWords(diff));
  process.exitCode = diff.worse > 0 ? 1 : 0;
}
