import { createRequire } from 'node:module';
import path from 'node:path';
import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { type Created, createPackage, packageManager } from './create.ts';
import { UsageError } from './errors.ts';

export { type Created, type CreateRequest, createPackage } from './create.ts';
export { UsageError } from './errors.ts';

const help = `Usage: npm create isoloss@latest <name> [-- options]

Makes a package of a loss of your own: its definition in TypeScript, its oracle in Python with golden vectors that are made
already, a test on every backend, and what publishing needs.

  <name>             of the package, as in soft-band or @me/soft-band; the loss is called softBand then
  --folder <folder>  where it goes (default: a folder of the package's name, here)
  --force            write into a folder that has files; those of the same names are replaced
  --json             print JSON: name, id, folder, files
  -V, --version      print the version
  -h, --help         show help

Examples:
  $ npm create isoloss@latest soft-band
  $ npm create isoloss@latest @me/soft-band -- --folder losses/soft-band
  $ pnpm create isoloss soft-band

Exit codes: 0 done, 1 failed, 2 the command is wrong.
`;

const flags = {
  folder: { type: 'string' },
  force: { type: 'boolean' },
  json: { type: 'boolean' },
  version: { type: 'boolean', short: 'V' },
  help: { type: 'boolean', short: 'h' },
} as const;

/**
 * Runs the command and gives its exit code.
 * @example
 * const code = await main(['soft-band', '--json']);
 */
export async function main(args: readonly string[]): Promise<number> {
  const asJson = args.includes('--json');
  try {
    const { values, positionals } = read(args);
    if (values.help) process.stdout.write(help);
    else if (values.version) process.stdout.write(`${createRequire(import.meta.url)('../package.json').version}\n`);
    else {
      const name = nameIn(positionals) ?? (await askedName());
      const created = createPackage({ name, folder: values.folder, force: values.force });
      process.stdout.write(asJson ? `${JSON.stringify(created, null, 2)}\n` : inWords(created));
    }
    return 0;
  } catch (error) {
    const message = (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ');
    process.stderr.write(`create-isoloss: ${message}\n`);
    if (asJson) process.stdout.write(`${JSON.stringify({ error: { message } })}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}

function read(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: flags, allowPositionals: true });
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split('. ')[0]}; npm create isoloss -- --help says more`);
  }
}

function nameIn(positionals: readonly string[]): string | undefined {
  if (positionals.length > 1)
    throw new UsageError(`one name is enough, not ${positionals.join(' ')}; npm create isoloss -- --help says more`);
  return positionals[0];
}

/** Asks for it where somebody can answer. */
async function askedName(): Promise<string> {
  if (!process.stdin.isTTY || !process.stdout.isTTY)
    throw new UsageError('a name is missing, as in npm create isoloss@latest soft-band');
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return (await terminal.question('Name of the package (soft-band): ')).trim() || 'soft-band';
  } finally {
    terminal.close();
  }
}

function inWords({ name, id, folder, files }: Created): string {
  const manager = packageManager();
  const place = path.relative(process.cwd(), folder) || '.';
  const lines = [
    `${name}: the loss ${id}, its oracle, its vectors and their test, ${files.length} files in ${place}`,
    '',
    ...(place === '.' ? [] : [`  cd ${place}`]),
    `  ${manager} install`,
    `  ${manager} test        every vector on every backend that works here`,
    '',
    'README.md there says how to make the loss yours, and how to publish it.',
  ];
  return `${lines.join('\n')}\n`;
}
