import { type CommandModule, examples } from '../command.ts';

export interface ListFlags {
  readonly family?: string;
  readonly search?: string;
  readonly json?: boolean;
}

export const listCommand: CommandModule = {
  name: 'list',
  takesPackages: true,
  aliases: ['ls'],
  define: (program) =>
    program
      .command('list')
      .description('list the losses, by family')
      .option('--family <name>', 'only those of a family')
      .option('--search <words>', 'only those that say all these words of themselves: names, use, sources, …')
      .option('--json', 'print JSON: an array of objects with id, inputs, options, …')
      .addHelpText(
        'after',
        examples(
          'isoloss list',
          'isoloss list --family boxes',
          'isoloss list --search "class imbalance"',
          'isoloss list --package my-loss',
          'isoloss list --json | jq -r ".[].id"',
        ),
      )
      .action(async (flags: ListFlags) => (await import('./list-action.ts')).list(flags)),
};
