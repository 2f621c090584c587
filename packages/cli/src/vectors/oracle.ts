import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { UnavailableError } from '../errors.ts';

/** The oracle as @isoloss/conformance ships it. */
export function oracleFolder(): string {
  const manifest = createRequire(import.meta.url).resolve('@isoloss/conformance/package.json');
  return path.join(path.dirname(manifest), 'oracle');
}

/** What became of an oracle's vectors. */
export interface Made {
  readonly loss: string;
  /** The oracle. */
  readonly file: string;
  readonly vectors: string;
  readonly cases: number;
  readonly bytes: number;
  readonly seconds: number;
  /** `same` as before; `differs` with --check. */
  readonly state: 'written' | 'same' | 'differs';
}

/** What the oracle's process says, a line each. */
export type Said =
  | Made
  | { readonly file: string; readonly problem: string }
  | { readonly progress: readonly [done: number, total: number]; readonly key: string };

/**
 * Runs the oracle, and tells what it says as it says it.
 * @returns its exit code: 1 if something failed or differs
 * @throws UnavailableError if it broke down
 */
export function runOracle(
  python: string,
  args: readonly string[],
  { cwd, heard }: { cwd: string; heard(said: Said): void },
): Promise<number> {
  return new Promise((done, fail) => {
    const child = spawn(python, ['-m', 'isoloss_oracle', '--json', ...args], {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      // What it compiles is not left in node_modules.
      env: { ...process.env, PYTHONPATH: oracleFolder(), PYTHONUTF8: '1', PYTHONDONTWRITEBYTECODE: '1' },
    });
    const stop = () => child.kill();
    process.once('exit', stop);
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-4000);
    });
    createInterface({ input: child.stdout }).on('line', (line) => {
      // What an oracle prints itself is not ours.
      if (line.startsWith('{"')) heard(JSON.parse(line) as Said);
      else process.stderr.write(`${line}\n`);
    });
    child.on('error', fail);
    child.on('close', (code, signal) => {
      process.off('exit', stop);
      if (code === 0 || (code === 1 && stderr.trim() === '')) done(code);
      else fail(new UnavailableError(`the oracle broke down: ${stderr.trim().split('\n').at(-1) || (signal ?? code)}`));
    });
  });
}
