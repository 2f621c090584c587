import { CommanderError } from 'commander';
import { errorToJSON, exitCodeOf, isUnsupported, messageOf, UsageError } from './errors.ts';
import { printJSON } from './output.ts';
import { buildProgram } from './program.ts';

export type { BackendId, BackendSettings, Target } from './backends.ts';
export { chooseBackend } from './choose/choose.ts';
export { type CreateOptions, createBackend, type SelectedBackend, type Selection } from './choose/create.ts';
export type { Shapes as InputShapes } from './choose/inputs.ts';
export type { Summary as TimingSummary } from './choose/statistics.ts';
export type {
  BackendConfig,
  ChoiceReport,
  ChoiceRequest,
  Conformance as ConformanceSummary,
  Crossover,
  Exclusion,
  Measurement,
  Objective,
  Recommendation,
  SizeResult,
  Warm as WarmTiming,
} from './choose/types.ts';
export type { CertificateReport } from './doctor/certificate.ts';
export {
  type BackendReport,
  type DoctorReport,
  type DoctorRequest,
  doctor,
  type PackageReport,
  type Status as BackendStatus,
} from './doctor/doctor.ts';
export type { Environment } from './doctor/environment.ts';
export type { KnownBad } from './doctor/known-bad.ts';
export type { InstallScript, InstallSize } from './doctor/packages.ts';
export { UnavailableError, UsageError } from './errors.ts';
export { openBackends } from './open-backends.ts';
export { loadLossPackage } from './packages/load.ts';
export type { LossPackage } from './packages/loaded.ts';

/**
 * Runs a command as `isoloss` does and gives its exit code: 0 done, 1 failed, 2 wrong usage or input.
 *
 * @example
 * const code = await main(['eval', 'mse', '--input', '[1, 2]', '--target', '[0, 0]', '--json']);
 */
export async function main(args: readonly string[]): Promise<number> {
  try {
    const built = await buildProgram(args);
    await built.program.parseAsync(built.args, { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError) {
      // Help and version end this way too.
      if (error.exitCode === 0) return 0;
      const asked = error.code === 'commander.help';
      return report(
        new UsageError(asked ? 'no command is given; isoloss --help shows what there is' : usage(error, args)),
        args,
      );
    }
    return report(error, args);
  }
}

/** One line for people, and one object for programs that asked for JSON. */
function report(error: unknown, args: readonly string[]): number {
  process.stderr.write(`isoloss: ${messageOf(error)}\n`);
  if (args.includes('--json'))
    printJSON(isUnsupported(error) ? { skipped: { message: messageOf(error) } } : { error: errorToJSON(error) });
  if (process.env.ISOLOSS_DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  return exitCodeOf(error);
}

/** What commander says, on one line, and whose help to read. */
function usage({ message }: CommanderError, args: readonly string[]): string {
  const named = /^[a-z]/i;
  const command = message.includes('unknown command') ? [] : args.slice(0, 2).filter((arg) => named.test(arg));
  const own = command[0] === 'eval' || command[0] === 'export' ? command : command.slice(0, 1);
  return `${message.replace(/^error: /, '').replace(/\s+/g, ' ')}; ${['isoloss', ...own].join(' ')} --help says more`;
}
