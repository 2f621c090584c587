import { type CommandModule, examples } from '../command.ts';

export const conformanceCommand: CommandModule = {
  name: 'conformance',
  define: (program) => program.command('conformance').description('later').addHelpText('after', examples('')),
};
