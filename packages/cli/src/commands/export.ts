import type { Command } from 'commander';
import { type CommandModule, examples } from '../command.ts';
import { addGraphFlags, type GraphFlags } from '../graph-flags.ts';
import type { LossFlags } from '../loss-flags.ts';

export interface ExportFlags extends GraphFlags {
  readonly output?: string;
  readonly dtype: string;
  readonly gradients?: string | true;
  readonly json?: boolean;
}

let lossFlags: LossFlags | undefined;

export const exportCommand: CommandModule = {
  name: 'export',
  takesPackages: true,
  define: (program) =>
    addGraphFlags(
      program
        .command('export')
        .description('write a loss, with gradients if asked, as an ONNX model with symbolic sizes')
        .argument('<loss>', 'id, alias, or either in kebab-case; comes first, and --help then shows its options')
        .option('-o, --output <file>', 'where to write the model (default: <loss>.onnx)')
        .option('--dtype <dtype>', 'float32 or float64', 'float32')
        .option(
          '--gradients [inputs…]',
          'inputs (a,b) whose gradients are outputs too; all that have one without a name',
        ),
    )
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
        (await import('./export-action.ts')).exportModel(lossFlags, flags, command.opts()),
      ),
  async prepare(command, args) {
    const added = (await import('../loss-flags.ts')).addLossFlags(command, args, { inputs: false });
    lossFlags = added.flags;
    return added.args;
  },
};
