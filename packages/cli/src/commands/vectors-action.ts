import { existsSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { messageOf, UsageError } from '../errors.ts';
import { print, printJSON } from '../output.ts';
import { packageAbove, readPackage } from '../packages/find.ts';
import { Progress } from '../progress.ts';
import { type Made, oracleFolder, runOracle } from '../vectors/oracle.ts';
import { givenPython, ownPython } from '../vectors/python.ts';
import type { VectorsFlags } from './vectors.ts';

export async function vectors(oracles: readonly string[], flags: VectorsFlags): Promise<void> {
  if (!/^[1-9]\d*$/.test(flags.jobs)) throw new UsageError(`--jobs is a number of processes, not ${flags.jobs}`);
  const { files, folder } = oraclesOf(oracles);
  if (flags.release) return print(release(path.join(path.dirname(files[0]!), 'ledger.json')));
  const { name, vectors } = await readPackage(folder);
  if (vectors === undefined)
    throw new UsageError(
      `${name}: "isoloss" in its package.json doesn't say where vectors go, as in "vectors": "./vectors"`,
    );
  const requirements = path.join(oracleFolder(), 'requirements.txt');
  const say = (text: string) => process.stderr.write(`${text}\n`);
  const python =
    flags.python === undefined
      ? await ownPython(path.join(folder, 'node_modules/.cache/isoloss/python'), requirements, say)
      : await givenPython(flags.python, requirements);

  const progress = new Progress('vectors');
  const made: Made[] = [];
  const problems: { file: string; problem: string }[] = [];
  const here = (file: string) => path.relative(process.cwd(), file) || file;
  const args = [
    ...files,
    ...['--vectors', vectors, '--ledger', path.join(path.dirname(files[0]!), 'ledger.json'), '--jobs', flags.jobs],
    ...(flags.check ? ['--check'] : []),
    ...(flags.rewrite ? ['--rewrite'] : []),
    ...(flags.crosscheck ? [] : ['--no-crosscheck']),
  ];
  const code = await runOracle(python, args, {
    cwd: folder,
    heard: (said) => {
      if ('progress' in said) return progress.at(...said.progress, said.key);
      progress.end();
      const own = { ...said, file: here(said.file) };
      if ('problem' in own) problems.push(own);
      else {
        made.push({ ...own, vectors: here(own.vectors) });
        progress.at(made.length + problems.length, files.length, own.loss);
      }
    },
  }).finally(() => progress.end());
  if (flags.json) printJSON([...made, ...problems]);
  else for (const one of made) print(inWords(one));
  for (const { file, problem } of problems) for (const line of problem.split('\n')) say(`isoloss: ${file}: ${line}`);
  if (code !== 0 && problems.length === 0 && made.every(({ state }) => state !== 'differs'))
    say('isoloss: the ledger lacks ids of cases; isoloss vectors without --check writes them');
  process.exitCode = code;
}

const words = {
  written: 'written',
  same: 'as it was',
  differs: 'DIFFERS; isoloss vectors without --check writes it anew',
} as const;

const inWords = ({ loss, vectors, cases, bytes, seconds, state }: Made): string =>
  `${loss}: ${cases} cases, ${Math.ceil(bytes / 1024)} KB, ${seconds} s; ${vectors} ${words[state]}`;

/** The oracles that are asked for, and the folder of their package. */
function oraclesOf(named: readonly string[]): { files: string[]; folder: string } {
  const given = named.map((file) => path.resolve(file));
  const missing = given.find((file) => !existsSync(file));
  if (missing !== undefined) throw new UsageError(`there is no file ${missing}`);
  const start = given.length > 0 ? path.dirname(given[0]!) : process.cwd();
  const folder = packageAbove(start);
  if (folder === undefined)
    throw new UsageError(`${start} is in no package; npm create isoloss@latest my-loss makes one, with an oracle`);
  const files = given.length > 0 ? given : oraclesIn(path.join(folder, 'oracle'));
  const stray = files.find((file) => path.dirname(file) !== path.dirname(files[0]!));
  if (stray !== undefined) throw new UsageError('the oracles must be in one folder, which has their ledger.json');
  return { files: files.map((file) => realpathSync(file)), folder: realpathSync(folder) };
}

/** `_helper.py` is no oracle. */
function oraclesIn(folder: string): string[] {
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => /^[^_.].*\.py$/.test(name)) : [];
  if (names.length === 0)
    throw new UsageError(`there is no oracle in ${folder}; name one, as in isoloss vectors oracle/my_loss.py`);
  return names.sort().map((name) => path.join(folder, name));
}

/** Notes in the ledger that all its losses are released. */
function release(ledger: string): string {
  let text: string;
  let ids: string[];
  try {
    text = readFileSync(ledger, 'utf8');
    ids = Object.keys(JSON.parse(text).ids).sort();
  } catch (error) {
    throw new UsageError(`${ledger}: ${messageOf(error)}; isoloss vectors makes it`);
  }
  // The rest stays as the oracle wrote it.
  const list = ids.map((id) => JSON.stringify(id)).join(', ');
  writeFileSync(ledger, text.replace(/"released": \[[^\]]*\]/, `"released": [${list}]`));
  return `released: ${ids.join(', ')}; noted in ${path.relative(process.cwd(), ledger)}`;
}
