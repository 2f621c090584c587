import { type CommandModule, examples } from '../command.ts';

export interface ServeFlags {
  readonly backend: string;
}

export const serveCommand: CommandModule = {
  name: 'serve',
  takesPackages: true,
  define: (program) =>
    program
      .command('serve')
      .description('answer the line protocol on standard input and output: one JSON request, one JSON answer a line')
      .option('--backend <id>', 'where to compute: auto, or one that isoloss backends lists', 'auto')
      .addHelpText(
        'after',
        `${examples(
          'isoloss serve --backend onnx-node < requests.jsonl > answers.jsonl',
          `echo '{"command":"run","id":"1","loss":"mse","options":{},"dtype":"float64","inputs":{"input":{"dtype":"float64","shape":[1],"data":[3]},"target":{"dtype":"float64","shape":[1],"data":[1]}}}' | isoloss serve`,
        )}

Commands: start, run, stop. Requests may be pipelined; a bad one is answered with an error, and the process lives on.`,
      )
      .action(async (flags: ServeFlags) => (await import('../serve/serve.ts')).serve(flags)),
};
