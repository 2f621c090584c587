import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { transformSync } from 'esbuild';
import { type Block, root } from './markdown.ts';

const answers = (program: string): boolean => {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};
export const hasPython = answers('python3');

/** What a block printed, and what the page says that it prints, if it says so. */
export interface Outcome {
  readonly block: Block;
  readonly stdout: string;
  readonly error: string | undefined;
  readonly expected: string | undefined;
  /** The block that says it. */
  readonly printed: Block | undefined;
}

const modules = ['js', 'ts'];
const isCode = ({ language }: Block): boolean => [...modules, 'sh', 'python'].includes(language);

/** What only sets a machine up: it downloads, and is done once. */
const installs = ({ language, code }: Block): boolean =>
  language === 'sh' && /^(npm|npx|pnpm|pip|python3 -m pip)\b/m.test(code);

/** What is run when its page is: all code but what is a file, is tested elsewhere, or says why it can't be run. */
export const isRun = (block: Block): boolean =>
  isCode(block) &&
  !installs(block) &&
  (block.marker === undefined || block.marker.kind === 'output varies') &&
  block.language !== 'python';

/** Writes what was printed into the pages, in place of what they say: with ISOLOSS_WRITE_OUTPUTS=1 in the environment. */
export function rewrite(outcomes: readonly Outcome[]): void {
  for (const { printed, stdout, error } of [...outcomes].reverse()) {
    if (printed === undefined || error !== undefined || stdout === printed.code) continue;
    const file = path.join(root, printed.page);
    const lines = readFileSync(file, 'utf8').split('\n');
    lines.splice(printed.line, printed.code.split('\n').length - 1, ...stdout.replace(/\n$/, '').split('\n'));
    writeFileSync(file, lines.join('\n'));
  }
}

/**
 * Runs the blocks of a page in order in a folder of their own, which has the repository's `examples`, and `isoloss` on
 * the path. The packages are those that were built, as they are for a user.
 */
export async function runPage(blocks: readonly Block[], folder: string): Promise<Outcome[]> {
  mkdirSync(folder, { recursive: true });
  if (!existsSync(path.join(folder, 'examples')))
    symlinkSync(path.join(root, 'examples'), path.join(folder, 'examples'), 'junction');
  const needsPython = blocks.some(({ language, code }) => language === 'sh' && /\bpython3 /.test(code));
  const run = blocks.filter((block) => isRun(block) && !(needsPython && !hasPython && block.language === 'sh'));
  const steps = blocks.flatMap((block, k) => {
    if (block.marker?.kind === 'file') return [{ kind: 'file', file: block.marker.text, code: block.code }];
    if (!run.includes(block)) return [];
    const file = `block-${k}-line-${block.line}.${block.language === 'sh' ? 'sh' : 'mjs'}`;
    const code = block.language === 'ts' ? transformSync(block.code, { loader: 'ts' }).code : block.code;
    writeFileSync(path.join(folder, file), code);
    return [{ kind: block.language === 'sh' ? 'shell' : 'module', file }];
  });
  writeFileSync(path.join(folder, 'steps.json'), JSON.stringify(steps));
  const result = path.join(folder, 'answers.json');
  const bin = path.join(root, 'node_modules/.bin');
  const runner = path.join(import.meta.dirname, 'run-page.mjs');
  const { stderr } = await promisify(execFile)(process.execPath, [runner, 'steps.json', 'answers.json'], {
    cwd: folder,
    maxBuffer: 1e8,
    // The size of a terminal or the wish for colours would change what is printed.
    env: { ...process.env, PATH: `${bin}${path.delimiter}${process.env.PATH}`, NO_COLOR: '1', FORCE_COLOR: '0' },
  }).catch((error) => ({ stderr: String(error.stderr || error.message) }));
  const done: { stdout: string; error?: string }[] = existsSync(result) ? JSON.parse(readFileSync(result, 'utf8')) : [];
  return run.map((block, k) => {
    const printed = blocks[blocks.indexOf(block) + 1];
    const compared =
      printed?.language === 'text' && printed.marker?.kind !== 'output varies' && block.marker === undefined;
    const answer = done[k] ?? { stdout: '', error: `not run: ${stderr || 'a block before it failed'}` };
    return {
      block,
      stdout: answer.stdout,
      error: answer.error,
      ...(compared && printed.page === block.page
        ? { printed, expected: printed.code }
        : { printed: undefined, expected: undefined }),
    };
  });
}
