import { createRequire } from 'node:module';
import { Command } from 'commander';
import type { CommandModule } from './command.ts';
import { examples } from './command.ts';
import { backendsCommand } from './commands/backends.ts';
import { chooseCommand } from './commands/choose.ts';
import { conformanceCommand } from './commands/conformance.ts';
import { doctorCommand } from './commands/doctor.ts';
import { evalCommand } from './commands/eval.ts';
import { exportCommand } from './commands/export.ts';
import { listCommand } from './commands/list.ts';
import { serveCommand } from './commands/serve.ts';
import { setupCommand } from './commands/setup.ts';
import { showCommand } from './commands/show.ts';

const modules: readonly CommandModule[] = [
  listCommand,
  showCommand,
  evalCommand,
  conformanceCommand,
  exportCommand,
  serveCommand,
  backendsCommand,
  doctorCommand,
  chooseCommand,
  setupCommand,
];

/** The program, with the flags of the loss that the arguments name, and the arguments to parse. */
export async function buildProgram(args: readonly string[]): Promise<{ program: Command; args: string[] }> {
  const { version } = createRequire(import.meta.url)('../package.json') as { version: string };
  const program = new Command('isoloss')
    .description('Loss functions written once: the same numbers, with gradients, on every runtime.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    // What stands behind a command's name is that command's: `conformance diff` has a --json of its own.
    .enablePositionalOptions()
    .helpCommand('help [command]', 'show help of a command')
    .configureHelp({ showGlobalOptions: false })
    .configureOutput({ outputError: () => {} })
    .exitOverride()
    .addHelpText(
      'after',
      `${examples(
        'isoloss list',
        'isoloss show crossEntropy',
        'isoloss eval huber --input "[1, 3]" --target "[0, 1]" --delta 2 --gradients',
        'isoloss eval crossEntropy --input logits.npy --target labels.npy --backend all',
        'isoloss conformance --report html --output report.html',
        'isoloss choose --loss crossEntropy --shape 4096x1000 --gradients',
      )}\n\nExit codes: 0 done, 1 failed, 2 the command or its input is wrong. ISOLOSS_DEBUG=1 shows where an error
comes from. isoloss <command> --help says more.`,
    );
  let parsed = [...args];
  for (const { name, aliases = [], define, prepare } of modules) {
    const command = define(program).aliases(aliases).helpOption('-h, --help', 'show help');
    if (prepare !== undefined && args[0] === name) parsed = [name, ...(await prepare(command, args.slice(1)))];
    // `isoloss help eval` is about eval, whatever the loss.
  }
  return { program, args: parsed };
}
