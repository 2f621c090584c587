import { backendList } from '../backends.ts';
import { doctor } from '../doctor/doctor.ts';
import { doctorText } from '../doctor/text.ts';
import { UsageError } from '../errors.ts';
import { print, printJSON } from '../output.ts';
import { Progress } from '../progress.ts';
import type { DoctorFlags } from './doctor.ts';

export async function examine({ backend, timeout, json }: DoctorFlags): Promise<void> {
  const seconds = Number(timeout);
  if (!(seconds > 0 && seconds <= 3600))
    throw new UsageError(`--timeout is a number of seconds up to 3600, not ${timeout}`);
  const progress = new Progress('doctor');
  const report = await doctor({
    backends: backend === undefined ? undefined : backendList(backend),
    timeoutMs: seconds * 1000,
    onProgress: (done, total, what) => progress.at(done, total, what),
  }).finally(() => progress.end());
  if (json) printJSON(report);
  else print(doctorText(report));
  process.exitCode = report.ok ? 0 : 1;
}
