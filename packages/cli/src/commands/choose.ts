import { type CommandModule, collect, examples } from '../command.ts';

export interface ChooseFlags {
  readonly loss?: string;
  readonly option?: string[];
  readonly shape?: string[];
  readonly gradients?: string | true;
  readonly dtype: string;
  readonly target: string;
  readonly objective: string;
  readonly maxInstall?: string;
  readonly maxColdStart?: string;
  readonly backend?: string;
  readonly quick?: boolean;
  readonly timeout: string;
  readonly emit?: string;
  readonly markdown?: boolean;
  readonly json?: boolean;
}

export const chooseCommand: CommandModule = {
  name: 'choose',
  takesPackages: true,
  define: (program) =>
    program
      .command('choose')
      .description('measure every backend on a loss of yours, on this machine, and say which to take, and why')
      .option('--loss <name>', 'id or alias of the loss')
      .option('--option <name=value>', 'an option of the loss (repeatable)', collect)
      .option(
        '--shape <sizes>',
        'shape of its first input, 4096x1000; of another one with its name, target=32x20 (repeatable)',
        collect,
      )
      .option('--gradients [inputs…]', 'gradients for these inputs (a,b); for all that have one without a name')
      .option('--dtype <dtype>', 'float32 or float64', 'float32')
      .option('--target <target>', 'where it will run: node, browser or edge', 'node')
      .option('--objective <what>', 'what counts: latency, throughput, cold-start, memory or size', 'latency')
      .option('--max-install <bytes>', 'exclude what takes more on disk, with its dependencies: 50MB')
      .option('--max-cold-start <time>', 'exclude what takes longer to its first result: 500ms, 2s')
      .option('--backend <ids>', 'compare only these (a,b)')
      .option('--quick', 'fewer rounds and sizes: a third of the time, a wider spread')
      .option('--timeout <seconds>', 'after which a process that does not answer is taken to hang', '60')
      .option('--emit <what>', 'print only this: config, the JSON that createBackend({ config }) takes')
      .option('--markdown', 'print Markdown')
      .option('--json', 'print JSON: measurements with their spread, exclusions, recommendation, crossovers')
      .addHelpText(
        'after',
        `${examples(
          'isoloss choose --loss crossEntropy --shape 4096x1000 --gradients',
          'isoloss choose --loss huber --shape 64 --dtype float64 --max-install 50MB --max-cold-start 500ms',
          'isoloss choose --loss ctc --shape 100x8x64 --shape targets=8x20 --option logits=true --gradients',
          'isoloss choose --loss mse --shape 1000 --objective cold-start --target edge --emit config > backend.json',
        )}

What can't be it is excluded first, with the reason: target, what is not installed, install size, dtype. Each of the others is
started in processes of its own. Reported are
  median, p95   of warm calls, in rounds that are interleaved over all candidates; "of rounds" is the least and the largest
                of the rounds' medians, which is how far the machine's noise goes
  processor     processor time of a call, all threads together: what --objective throughput compares
  cold start    from the start of a process to the first result, making the inputs not counted; median (least – largest)
  memory        peak of a process after its first calls; install: files on disk, dependencies included
  vectors       of this loss, passed and run; a candidate that fails one is never recommended
One counts as faster than another if it is by 5% or more in the typical round (20% if it takes more threads), in three of four
rounds at all, and in its least time; where none is, the smaller install is taken. The same is measured at other sizes of the batch, for the size at which the answer changes.
wasm (one thread) and wasm-threads (one a core) are two candidates.

Exit code 0 with a recommendation, 1 if nothing is left to recommend, 2 if the request makes no sense. Progress goes to
standard error.`,
      )
      .action(async (flags: ChooseFlags) => (await import('./choose-action.ts')).choose(flags)),
};
