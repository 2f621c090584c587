import { type CommandModule, examples } from '../command.ts';

export interface VectorsFlags {
  readonly python?: string;
  readonly check?: boolean;
  readonly rewrite?: boolean;
  readonly release?: boolean;
  readonly crosscheck: boolean;
  readonly jobs: string;
  readonly json?: boolean;
}

export const vectorsCommand: CommandModule = {
  name: 'vectors',
  define: (program) =>
    program
      .command('vectors')
      .description('make the golden vectors of losses of your own, by an oracle in Python')
      .argument('[oracles...]', 'files as oracle/my_loss.py; all of the folder oracle/ without one')
      .option('--check', 'write nothing; fail if a file of vectors differs from what its oracle says')
      .option('--rewrite', 'let cases change under their ids: before the loss is released')
      .option('--release', 'make nothing; note that the cases are released: from now on they do not change')
      .option('--no-crosscheck', 'leave the libraries out that an oracle is compared with')
      .option('--python <interpreter>', 'use this one, which has what is needed; else an environment is set up')
      .option('--jobs <n>', 'how many oracles at a time', '2')
      .option('--json', 'print JSON: for each oracle its loss, file of vectors, cases, bytes, what became of it')
      .addHelpText(
        'after',
        `${examples(
          'isoloss vectors oracle/my_loss.py',
          'isoloss vectors --check',
          'isoloss vectors --rewrite --python ~/.venvs/oracle/bin/python',
        )}

An oracle is the formula again, in multi-precision arithmetic, written from the paper and not from the TypeScript, with the
cases that it is to be judged by. Values and gradients (by high-precision differences) are written to vectors/<id>.json, or
where "isoloss": { "vectors": … } in package.json says. oracle/ledger.json gives each case its id, once: keep it. The cases of
a loss that it calls released can't change: one that must gets a new key, and the old one a reason in withdrawn.

Python 3.11 or newer is needed. Without --python, what the oracle stands on (mpmath, numpy, jsonschema) is installed into
node_modules/.cache/isoloss once, about 100 MB; PYTHON says which interpreter makes it (default: python3).

Exit code 0 if all is written (--check: as it is there), else 1. Progress goes to standard error.`,
      )
      .action(async (oracles: string[], flags: VectorsFlags) =>
        (await import('./vectors-action.ts')).vectors(oracles, flags),
      ),
};
