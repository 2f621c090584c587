import { createRequire } from 'node:module';
import { Command } from 'commander';
import { type CommandModule, collect, examples } from './command.ts';
import { attachCommand } from './commands/attach.ts';
import { backendsCommand } from './commands/backends.ts';
import { chooseCommand } from './commands/choose.ts';
import { conformanceCommand } from './commands/conformance.ts';
import { contractCommand } from './commands/contract.ts';
import { doctorCommand } from './commands/doctor.ts';
import { evalCommand } from './commands/eval.ts';
import { exportCommand } from './commands/export.ts';
import { listCommand } from './commands/list.ts';
import { serveCommand } from './commands/serve.ts';
import { setupCommand } from './commands/setup.ts';
import { showCommand } from './commands/show.ts';
import { vectorsCommand } from './commands/vectors.ts';
import { packageFlag, takePackages } from './packages/flag.ts';

const modules: readonly CommandModule[] = [
  listCommand,
  showCommand,
  evalCommand,
  conformanceCommand,
  contractCommand,
  exportCommand,
  attachCommand,
  serveCommand,
  backendsCommand,
  doctorCommand,
  chooseCommand,
  vectorsCommand,
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
        'isoloss attach model.onnx crossEntropy --logits output --gradients -o with-loss.onnx',
        'isoloss conformance --report html --output report.html',
        'isoloss choose --loss crossEntropy --shape 4096x1000 --gradients',
      )}\n\nExit codes: 0 done, 1 failed, 2 the command or its input is wrong. ISOLOSS_DEBUG=1 shows where an error
comes from. isoloss <command> --help says more.`,
    );
  let parsed = [...args];
  for (const { name, aliases = [], define, prepare, takesPackages } of modules) {
    const command = define(program).aliases(aliases).helpOption('-h, --help', 'show help');
    if (takesPackages) command.option(...packageFlag, collect);
    // `isoloss help eval` is about eval, whatever the loss.
    if (args[0] === undefined || ![name, ...aliases].includes(args[0])) continue;
    let own = args.slice(1);
    const isForSubcommand = command.commands.some((sub) => sub.name() === own[0]);
    if (takesPackages && !isForSubcommand) own = await withPackages(own);
    if (prepare !== undefined) own = await prepare(command, own);
    parsed = [name, ...own];
  }
  return { program, args: parsed };
}

/** Loads the packages that the arguments name; gives the other arguments. */
async function withPackages(args: readonly string[]): Promise<string[]> {
  const { packages, rest } = takePackages(args);
  if (packages.length > 0) {
    const { loadLossPackage } = await import('./packages/load.ts');
    for (const one of packages) await loadLossPackage(one);
  }
  return rest;
}
