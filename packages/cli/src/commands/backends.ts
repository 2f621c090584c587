import { type CommandModule, examples } from '../command.ts';

export interface BackendsFlags {
  readonly json?: boolean;
}

export const backendsCommand: CommandModule = {
  name: 'backends',
  define: (program) =>
    program
      .command('backends')
      .description('show which backends work here, their versions, and what to do about the others')
      .option('--json', 'print JSON')
      .addHelpText('after', examples('isoloss backends', 'isoloss backends --json'))
      .action(async (flags: BackendsFlags) => (await import('./backends-action.ts')).backends(flags)),
};
