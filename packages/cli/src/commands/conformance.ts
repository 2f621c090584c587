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
  readonly search?: string;
  readonly seed?: string;
  readonly expectations?: readonly string[];
  readonly updateExpectations?: boolean;
  readonly report?: readonly string[];
  readonly output?: string;
  readonly jobs?: string;
  readonly json?: boolean;
}

export const conformanceCommand: CommandModule = {
  name: 'conformance',
  takesPackages: true,
  define(program) {
    const command = program
      .command('conformance')
      .enablePositionalOptions()
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
      .option(
        '--expectations <file>',
        'known failures of one of them (below), as file or id=file; may be repeated',
        collect,
      )
      .option('--update-expectations', 'rewrite these files as this run wants them')
      .optionsGroup('What:')
      .option('--loss <names>', 'only these (a,b)')
      .option('--family <names>', 'only the losses of these families (a,b), as isoloss list has them')
      .option('--flag <flags>', 'only the cases with one of these flags (a,b), as kink,empty')
      .option('--dtype <dtype>', 'only float32, or only float64')
      .option('--case <ids>', 'only the cases whose id contains one of these (a,b), as huber/0007')
      .optionsGroup('Beyond the vectors:')
      .option('--search <n>', 'instead draw so many calls of each loss, right and wrong ones, and judge them (below)')
      .option('--seed <n>', 'the same seed draws the same calls (default: another each time)')
      .optionsGroup('Reports:')
      .option(
        '--report <formats>',
        'also write html, json, junit, markdown, badge (a,b), each with a file if wanted (html=out.html); may be repeated',
        collect,
      )
      .option('--output <path>', 'the file of the only report, or the folder of several (below)')
      .option('--json', 'print the report json instead of the matrix')
      .optionsGroup('Options:')
      .option('--jobs <n>', 'how many processes (default: as many as there are processors)')
      .addHelpText(
        'after',
        `${examples(
          'isoloss conformance',
          'isoloss conformance --backend onnx-node,tfjs-node --loss huber,crossEntropy',
          'isoloss conformance --report html --output report.html',
          'isoloss conformance --report html,junit,badge --report markdown=$GITHUB_STEP_SUMMARY --output reports',
          'isoloss conformance --report json=today.json && isoloss conformance diff yesterday.json today.json',
          'isoloss conformance --implementation "python3 my_losses.py" --family regression',
          'isoloss conformance --package my-loss',
          'isoloss conformance --search 200 --seed 7 --backend onnx-node --output found.jsonl',
          'isoloss conformance --implementation-file mine.json --expectations mine.failures.json --update-expectations',
        )}

Exit code 0 if nothing failed, else 1. A backend that is not available here is named, with the reason and the remedy, and
its cases count as skipped; asked for by name it is a failure. Progress goes to standard error. With --package the losses
of the packages are run, and others only where --loss or --family names them.

Reports: html is one file for people that needs no network; json is one JSON object a line, for diff and other programs;
junit is for CI services; markdown is a summary for a pull request; badge is a folder with a file for each backend, for
shields.io/badges/endpoint-badge. They are written to report.html, report.json, junit.xml, report.md and badges/ here, or
in the folder that --output names. For one report --output is its file; without --report its ending says which
(.html, .json, .xml, .md).

An implementation is started as a process of its own, without a shell, and answers one JSON line a request on standard
output (docs: protocol). A crash, a hang, or output that is not the protocol is the error of that case; the program is
started anew for the next. After five in a row the rest of its cases is not tried. A file for --implementation-file:
  { "command": ["python3", "my_losses.py"], "name": "mine", "cwd": ".", "env": {}, "startTimeout": 60,
    "caseTimeout": 30, "grade": "conforming", "expectations": "mine.failures.json" }
Only command is needed; paths are relative to the file.

Known failures do not fail a run; one that passes does, until it is taken off the list. Every case that a pattern matches
must fail; dtype and link may be left out:
  { "schema": "isoloss-expectations/1", "implementation": "mine", "expectations": [
    { "pattern": "ctc/*", "dtype": "float32", "reason": "computes in float16", "link": "https://…" } ] }

--search draws options, shapes, labels and numbers, with a mistake now and then; the judge is the reference interpreter with
the error bounds of both. For each loss, backend and dtype the smallest disagreement is shown as a vector, ready to be
appended to a vectors file once the oracle confirms it; --output writes them, a line each, and --json prints them.

Grades: accurate is within the error bound derived for each number; conforming is normwise, 64 units of roundoff of the
largest number that occurs, and asked of implementations by others. Both are reported.`,
      )
      .action(async (flags: ConformanceFlags) => (await import('./conformance-action.ts')).conformance(flags));
    command
      .command('diff <before> <after>')
      .description('what changed between two runs: outcomes, worst errors, who took part')
      .option('--json', 'print it as JSON')
      .helpOption('-h, --help', 'show help')
      .addHelpText(
        'after',
        `${examples('isoloss conformance diff yesterday.json today.json')}

Both files are reports made by --report json. Exit code 1 if a case became worse: it passed and does not any more, or it
fails anew. 0 else, also if errors grew within their bounds, which is shown.`,
      )
      .action(async (before: string, after: string, flags: { json?: boolean }) =>
        (await import('./conformance-diff.ts')).conformanceDiff(before, after, flags),
      );
    command
      .command('disagreements <runs...>')
      .description('the page "Where the libraries disagree", from runs of foreign implementations')
      .option('--output <file>', 'write it as Markdown; printed without --output and --html')
      .option('--html <file>', 'write it as one HTML file that needs no network')
      .helpOption('-h, --help', 'show help')
      .addHelpText(
        'after',
        `${examples(
          'isoloss conformance --implementation-file torch.json --implementation-file optax.json --report json=run.json',
          'isoloss conformance disagreements run.json --output docs/disagreements.md --html docs/disagreements.html',
        )}

Runs are reports made by --report json; what our own backends did in them is left out. For each loss: which libraries give
other numbers or gradients than the definition, by how much, in which case, and why, in the words of the vectors.`,
      )
      .action(async (runs: string[], flags: { output?: string; html?: string }) =>
        (await import('./conformance-disagreements.ts')).conformanceDisagreements(runs, flags),
      );
    return command;
  },
};
