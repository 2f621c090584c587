import { type CommandModule, collect, examples } from '../command.ts';

export interface ContractFlags {
  readonly against?: readonly string[];
  readonly loss?: string;
  readonly backend?: string;
  readonly jobs?: string;
  readonly bump?: string;
  readonly markdown?: string | true;
  readonly json?: boolean;
}

export const contractCommand: CommandModule = {
  name: 'contract',
  takesPackages: true,
  define: (program) =>
    program
      .command('contract')
      .description(
        'compare this source tree with the last release: what changed for its users, and does the pending version say so',
      )
      .option(
        '--against <release>',
        'a version or tag, else folders or tarballs; may be repeated (default: latest of the registry)',
        collect,
      )
      .option('--loss <names>', 'only these (a,b)')
      .option('--backend <ids>', 'only these (a,b); all that work here without it')
      .option(
        '--bump <bump>',
        'what the next release will be (patch, minor, major), instead of what the changesets say',
      )
      .option('--jobs <n>', 'how many processes (default: as many as there are processors)')
      .option('--markdown [file]', 'as a comment of a pull request: to a file, or printed instead of the text')
      .option('--json', 'print JSON: class, findings with their evidence, moved numbers, the pending version')
      .addHelpText(
        'after',
        `${examples(
          'isoloss contract',
          'isoloss contract --against 1.2.0 --loss huber,crossEntropy --backend reference,wasm',
          'isoloss contract --against next',
          'isoloss contract --against ../release-1.2.0/tarballs',
          'isoloss contract --bump minor --markdown $GITHUB_STEP_SUMMARY',
          'isoloss contract --json > contract.json',
          'isoloss contract --package ./my-loss',
        )}

The release comes through npm with your own configuration (registry, proxy, tokens), and is unpacked in a temporary
folder; no install script runs. Its vectors run on every backend of this tree, judged by its bounds, and its own reference and
wasm run beside, so that numbers that moved within the bounds are seen, too. Catalogue, vectors, backends, exports,
formats, manifests and files are compared. This tree must be built. With --package it is a package of losses that is
compared with its own last release, on the backends that are here.

The class is the largest of what was found:
  major   numbers or errors beyond the release's bounds; a default; whatever is gone or takes less than before
  minor   whatever is new or takes more than before
  patch   anything else that is in a package: numbers that moved within the bounds, texts
  none    nothing, but for versions and changelogs

The pending changesets (or --bump, or the version in package.json where it was raised already) must say as much: from
1.0.0 on the class itself; before, a major change needs a minor, since that is where npm's ^0.2.3 ends, and any bump will
do for the others. docs/contract.md has the whole table and the reasons.

Exit code 0 if the pending version says enough, or nothing was released yet; 1 if it says less, or the registry can't be
reached; 2 for wrong usage.`,
      )
      .action(async (flags: ContractFlags) => (await import('./contract-action.ts')).examineContract(flags)),
};
