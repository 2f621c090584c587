import { type CommandModule, collect, examples } from '../command.ts';

export interface ConformanceFlags {
  readonly backend?: string;
  readonly implementation?: readonly string[];
  readonly implementationFile?: readonly string[];
  readonly startTimeout?: string;
  readonly caseTimeout?: string;
  readonly grade?: string;
  readonly loss?: string;
  readonly family?: string;
  readonly flag?: string;
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
      .optionsGroup('Who:')
      .option('--backend <ids>', 'only these (a,b); all that work here without it, none beside an --implementation')
      .option(
        '--implementation <command>',
        'also a program that speaks the line protocol, as "python3 my_losses.py"; may be repeated',
        collect,
      )
      .option('--implementation-file <file>', 'the same, from a JSON file (below); may be repeated', collect)
      .option('--start-timeout <seconds>', 'how long an implementation may take to start (default: 60)')
      .option('--case-timeout <seconds>', 'how long it may take for a case (default: 30)')
      .option('--grade <grade>', 'judge by accurate (default for backends) or conforming (for implementations)')
      .optionsGroup('What:')
      .option('--loss <names>', 'only these (a,b)')
      .option('--family <names>', 'only the losses of these families (a,b), as isoloss list has them')
      .option('--flag <flags>', 'only the cases with one of these flags (a,b), as kink,empty')
      .option('--dtype <dtype>', 'only float32, or only float64')
      .option('--case <ids>', 'only the cases whose id contains one of these (a,b), as huber/0007')
      .optionsGroup('Reports:')
      .option('--report <format>', 'write the whole report to a file: html (one file, no network) or json')
      .option('--output <file>', 'where the report goes (default: report.html or report.json)')
      .option('--json', 'print the whole report as JSON instead of the matrix')
      .optionsGroup('Options:')
      .option('--jobs <n>', 'how many processes (default: as many as there are processors)')
      .addHelpText(
        'after',
        `${examples(
          'isoloss conformance',
          'isoloss conformance --backend onnx-node,tfjs-node --loss huber,crossEntropy',
          'isoloss conformance --report html --output report.html',
          'isoloss conformance --implementation "python3 my_losses.py" --family regression',
        )}

Exit code 0 if nothing failed, else 1. A backend that is not available here is named, with the reason and the remedy, and
its cases count as skipped; asked for by name it is a failure. Progress goes to standard error.

An implementation is started as a process of its own, without a shell, and answers one JSON line a request on standard
output (docs: protocol). A crash, a hang, or output that is not the protocol is the error of that case; the program is
started anew for the next. After five in a row the rest of its cases is not tried. A file for --implementation-file:
  { "command": ["python3", "my_losses.py"], "name": "mine", "cwd": ".", "env": {}, "startTimeout": 60,
    "caseTimeout": 30, "grade": "conforming" }
Only command is needed; paths are relative to the file.

Grades: accurate is within the error bound derived for each number; conforming is normwise, 64 units of roundoff of the
largest number that occurs, and asked of implementations by others. Both are reported.`,
      )
      .action(async (flags: ConformanceFlags) => (await import('./conformance-action.ts')).conformance(flags)),
};
