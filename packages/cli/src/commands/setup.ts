import { type CommandModule, examples } from '../command.ts';

export interface SetupFlags {
  readonly force?: boolean;
  readonly official?: boolean;
  readonly json?: boolean;
}

export const setupCommand: CommandModule = {
  name: 'setup',
  define: (program) =>
    program
      .command('setup')
      .description('set up what a backend needs beyond npm packages: the native binding of tfjs-node')
      .argument('<backend>', 'tfjs-node')
      .option('--force', 'build the binding anew even if it works')
      .option('--no-official', "do not try the package's own install script first")
      .option('--json', 'print JSON: status, binding, tensorflow, seconds, log')
      .addHelpText(
        'after',
        `${examples('isoloss setup tfjs-node', 'ISOLOSS_CACHE=/data/cache isoloss setup tfjs-node --force')}

Does nothing if it works already. Else it runs the install script of @tensorflow/tfjs-node; where that fails (a proxy, a
closed network) it builds the binding from source against the TensorFlow library of the tensorflow-cpu Python wheel,
which needs Python with pip, a C++ compiler and make. Library and binding are kept in the user's cache (ISOLOSS_CACHE).`,
      )
      .action(async (backend: string, flags: SetupFlags) => (await import('./setup-action.ts')).setup(backend, flags)),
};
