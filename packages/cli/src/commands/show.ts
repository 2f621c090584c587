import { type CommandModule, collect, examples } from '../command.ts';

export interface ShowFlags {
  readonly graph?: boolean;
  readonly gradient?: string[];
  readonly rank?: string[];
  readonly option?: string[];
  readonly json?: boolean;
}

export const showCommand: CommandModule = {
  name: 'show',
  takesPackages: true,
  define: (program) =>
    program
      .command('show')
      .description('show a loss: formula, inputs, options, conventions, sources; its graph on request')
      .argument('<loss>', 'id, alias, or either in kebab-case')
      .option('--graph', 'print the graph of the value instead')
      .option('--gradient <input>', 'print the graph with the gradient for this input too (repeatable)', collect)
      .option('--rank <input=rank,…>', 'ranks that the graph is for; usual ones where left out', collect)
      .option('--option <name=value>', 'an option that the graph is for (repeatable)', collect)
      .option('--json', 'print JSON')
      .addHelpText(
        'after',
        examples(
          'isoloss show huber',
          'isoloss show cross-entropy --graph --rank input=2,target=1',
          'isoloss show huber --gradient input --option delta=2',
        ),
      )
      .action(async (loss: string, flags: ShowFlags) => (await import('./show-action.ts')).show(loss, flags)),
};
