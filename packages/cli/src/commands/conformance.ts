import { type CommandModule, examples } from '../command.ts';

export interface ConformanceFlags {
  readonly backend?: string;
  readonly loss?: string;
  readonly dtype?: string;
  readonly case?: string;
  readonly report?: string;
  readonly output?: string;
  readonly jobs?: string;
  readonly json?: boolean;
}

export const conformanceCommand: CommandModule = {
  name: 'conformance',
  define: (program) =>
    program
      .command('conformance')
      .description('run the golden vectors of every loss on every backend, values and gradients, and show the matrix')
      .option('--backend <ids>', 'only these (a,b); all that work here without it')
      .option('--loss <names>', 'only these (a,b)')
      .option('--dtype <dtype>', 'only float32, or only float64')
      .option('--case <ids>', 'only the cases whose id contains one of these (a,b), as huber/0007')
      .option('--report <format>', 'write the whole report to a file: html (one file, no network) or json')
      .option('--output <file>', 'where the report goes (default: report.html or report.json)')
      .option('--jobs <n>', 'how many processes (default: as many as there are processors)')
      .option('--json', 'print the whole report as JSON instead of the matrix')
      .addHelpText(
        'after',
        `${examples(
          'isoloss conformance',
          'isoloss conformance --backend onnx-node,tfjs-node --loss huber,crossEntropy',
          'isoloss conformance --report html --output report.html',
        )}

Exit code 0 if nothing failed, else 1. A backend that is not available here is named, with the reason and the remedy, and
its cases count as skipped; asked for by name it is a failure. Progress goes to standard error.`,
      )
      .action(async (flags: ConformanceFlags) => (await import('./conformance-action.ts')).conformance(flags)),
};
