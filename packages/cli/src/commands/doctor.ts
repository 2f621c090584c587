import { type CommandModule, examples } from '../command.ts';

export interface DoctorFlags {
  readonly backend?: string;
  readonly timeout: string;
  readonly json?: boolean;
}

export const doctorCommand: CommandModule = {
  name: 'doctor',
  define: (program) =>
    program
      .command('doctor')
      .description('look at this machine, try every backend in a process of its own, and say how to mend what is wrong')
      .option('--backend <ids>', 'only these (a,b); each of them then has to work')
      .option('--timeout <seconds>', 'after which a backend that does not answer is taken to hang', '60')
      .option('--json', 'print JSON: environment, backends (status, packages, dtypes, reason, remedy, …), problems')
      .addHelpText(
        'after',
        `${examples('isoloss doctor', 'isoloss doctor --backend onnx-node', 'isoloss doctor --json')}

Of the machine: runtime, system, libc, cores and memory, with the limits of the container. Of each backend: what is
installed, its native binding, its install script, what it is known to have trouble with here, and whether it computes a
loss with its gradient, and what the conformance run of its release found, which its package carries: on which vectors and
which runtime. Another version of the runtime is no error: isoloss conformance --backend shows whether it holds here.
A backend is one of
  works        it computes
  missing      a package is not installed
  unfinished   installed without its native binding: an install script was blocked, or there is none for this platform
  broken       all is there, and it crashes, hangs, throws or computes wrongly

Exit code 0 if nothing is broken: what is missing or unfinished is optional. With --backend, 0 if all of these work.
Else 1, also for a Node that is too old.`,
      )
      .action(async (flags: DoctorFlags) => (await import('./doctor-action.ts')).examine(flags)),
};
