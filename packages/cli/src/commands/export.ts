import type { Command } from 'commander';
import { type CommandModule, collect, examples } from '../command.ts';
import type { LossFlags } from '../loss-flags.ts';

export interface ExportFlags {
  readonly output?: string;
  readonly rank?: string[];
  readonly dtype: string;
  readonly gradients?: string | true;
  readonly upstream?: boolean;
  readonly labels: string;
  readonly guard: boolean;
  readonly option?: string[];
  readonly json?: boolean;
}

let lossFlags: LossFlags | undefined;

export const exportCommand: CommandModule = {
  name: 'export',
  takesPackages: true,
  define: (program) =>
    program
      .command('export')
      .description('write a loss, with gradients if asked, as an ONNX model with symbolic sizes')
      .argument('<loss>', 'id, alias, or either in kebab-case; comes first, and --help then shows its options')
      .option('-o, --output <file>', 'where to write the model (default: <loss>.onnx)')
      .option('--rank <input=rank,…>', 'ranks of the inputs, also optional ones; usual ones where left out', collect)
      .option('--dtype <dtype>', 'float32 or float64', 'float32')
      .option('--gradients [inputs…]', 'inputs (a,b) whose gradients are outputs too; all that have one without a name')
      .option('--upstream', 'take the gradient of what follows the loss as the input upstream')
      .option('--labels <dtype>', 'of labels and lengths: int64 or int32', 'int64')
      .option('--no-guard', 'leave out the checks that make the value of an illegal label NaN')
      .option('--option <name=value>', 'an option of the loss (repeatable)', collect)
      .option('--json', 'print JSON: file, bytes, inputs, outputs')
      .addHelpText(
        'after',
        examples(
          'isoloss export crossEntropy --gradients input -o cross-entropy.onnx',
          'isoloss export mse --rank input=3,target=3,weight=3/2',
          'isoloss export huber --delta 2 --reduction sum --dtype float64',
        ),
      )
      .action(async (_: string, flags: ExportFlags, command: Command) =>
        (await import('./export-action.ts')).exportModel(lossFlags!, flags, command.opts()),
      ),
  async prepare(command, args) {
    const added = (await import('../loss-flags.ts')).addLossFlags(command, args, { inputs: false });
    lossFlags = added.flags;
    return added.args;
  },
};
