import type { Command } from 'commander';
import { type CommandModule, collect, examples } from '../command.ts';
import type { LossFlags } from '../loss-flags.ts';

export interface EvalFlags {
  readonly tensor?: string[];
  readonly option?: string[];
  readonly backend: string;
  readonly dtype: string;
  readonly gradients?: string | true;
  readonly output?: string;
  readonly json?: boolean;
}

let lossFlags: LossFlags | undefined;

export const evalCommand: CommandModule = {
  name: 'eval',
  takesPackages: true,
  define: (program) =>
    program
      .command('eval')
      .description('compute a loss, and its gradients if asked, from files or literals')
      .argument('<loss>', 'id, alias, or either in kebab-case; comes first, and --help then shows its flags')
      .option('--tensor <name=file>', 'an input by name, where its own flag is taken (repeatable)', collect)
      .option('--option <name=value>', 'an option by name, where its own flag is taken (repeatable)', collect)
      .option(
        '--backend <id>',
        'where to compute: auto, all (side by side), or one that isoloss backends lists',
        'auto',
      )
      .option('--dtype <dtype>', 'float32, float64, or auto: that of the floating-point files', 'auto')
      .option('--gradients [inputs…]', 'gradients for these inputs (a,b); for all that have one without a name')
      .option(
        '--output <path>',
        'write the results: a .json file, a .npy file (value only), else a folder of .npy files',
      )
      .option('--json', 'print JSON, whole tensors')
      .addHelpText(
        'after',
        `
Each input of the loss has a flag (--input, --target, --input-lengths, …) that takes
  a .npy file     any number type, C or Fortran order; int64 labels are fine if they fit int32
  a .json file    nested arrays, or { "dtype", "shape", "data" }
  a .csv file     one column is a vector, more are a matrix; a header is passed over
  a literal       "[[1, 2], [3, 4]]"
and each option one that takes its value (--delta 2, --label-smoothing 0.1, --ignore-index null, --no-from-logits).
${examples(
  'isoloss eval mse --input "[1, 2]" --target "[0, 0]"',
  'isoloss eval crossEntropy --input logits.npy --target labels.npy --gradients',
  'isoloss eval huber --input x.csv --target y.csv --delta 2 --reduction none --output results',
  'isoloss eval crossEntropy --input logits.npy --target labels.npy --gradients --backend all',
  'isoloss eval myLoss --package my-loss --input "[1, 2]" --target "[0, 0]"',
)}`,
      )
      .action(async (_: string, flags: EvalFlags, command: Command) =>
        (await import('./eval-action.ts')).evaluateFiles(lossFlags, flags, command.opts()),
      ),
  async prepare(command, args) {
    const added = (await import('../loss-flags.ts')).addLossFlags(command, args, { inputs: true });
    lossFlags = added.flags;
    return added.args;
  },
};
