import type { Command } from 'commander';
import { type CommandModule, collect, examples } from '../command.ts';
import { addGraphFlags, type GraphFlags } from '../graph-flags.ts';
import type { LossFlags } from '../loss-flags.ts';

export interface AttachFlags extends GraphFlags {
  readonly output?: string;
  readonly logits?: string;
  readonly map?: string[];
  readonly name?: string[];
  readonly dtype?: string;
  readonly gradients?: string | true;
  readonly json?: boolean;
}

let lossFlags: LossFlags | undefined;

export const attachCommand: CommandModule = {
  name: 'attach',
  takesPackages: true,
  define: (program) =>
    addGraphFlags(
      program
        .command('attach')
        .description('append a loss, with gradients if asked, to an ONNX model: one session gives predictions and loss')
        .argument('<model>', 'an .onnx file, as any tool exports it (opset 14 to 26)')
        .argument('<loss>', 'id, alias, or either in kebab-case; comes second, and --help then shows its options')
        .option('-o, --output <file>', 'where to write the model (default: <model>-with-<loss>.onnx)')
        .option(
          '--logits <tensor>',
          "the model's tensor that is the loss's first input; its only float output if left out",
        )
        .option(
          '--map <input=tensor,…>',
          "the model's tensors that are inputs of the loss; others are new inputs",
          collect,
        )
        .option('--gradients [tensors…]', 'tensors (a,b) by which the gradient is an output too; without a name all')
        .option('--name <usual=name,…>', 'other names for what is new (target, loss, d_<tensor>)', collect)
        .option('--dtype <dtype>', "float32 or float64 (default: as the model's tensors; float32 for half precision)"),
    )
      .option('--json', 'print JSON: file, bytes, opset, loss, tensors, inputs, outputs')
      .addHelpText(
        'after',
        examples(
          'isoloss attach model.onnx crossEntropy --logits output --gradients -o with-loss.onnx',
          'isoloss attach model.onnx crossEntropy --label-smoothing 0.1 --rank weight=1',
          'isoloss attach autoencoder.onnx mse --map input=decoded,target=image',
          'isoloss attach with-loss.onnx focal --logits output --map target=target --name loss=focal',
        ),
      )
      .action(async (model: string, _: string, flags: AttachFlags, command: Command) =>
        (await import('./attach-action.ts')).attachModel(model, lossFlags, flags, command.opts()),
      ),
  async prepare(command, args) {
    const added = (await import('../loss-flags.ts')).addLossFlags(command, args, { inputs: false, at: 1 });
    lossFlags = added.flags;
    return added.args;
  },
};
