import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { vi } from 'vitest';
import { main } from '../src/index.ts';

export const root = resolve(import.meta.dirname, '../../..');
export const bin = join(root, 'packages/cli/bin/isoloss.js');
const packages = ['core', 'onnx', 'tfjs', 'conformance', 'cli', 'create-isoloss'].map((name) =>
  join(root, 'packages', name),
);

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** What standard input gets, in one write; without it standard input ends at once. */
  readonly input?: string | Buffer;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Arguments of node itself. */
  readonly node?: readonly string[];
}

/** Runs a program to its end. */
export function execute(command: string, args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return new Promise((done, fail) => {
    const child = spawn(command, args, { cwd: options.cwd ?? root, env: { ...process.env, ...options.env } });
    const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
    child.on('error', fail);
    child.on('close', (code) =>
      done({ code, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() }),
    );
  });
}

/** Runs the command as it is installed: the built files, in a process of its own. */
export const isoloss = (args: readonly string[], options: RunOptions = {}): Promise<Outcome> =>
  execute(process.execPath, [...(options.node ?? []), bin, ...args], options);

/**
 * The same in this process, from the sources: for the many cases that differ in a word, where a process each would take
 * a minute.
 */
export async function inProcess(args: readonly string[]): Promise<Outcome> {
  const written = { stdout: '', stderr: '' };
  const catching = (name: 'stdout' | 'stderr') =>
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      written[name] += text;
      return true;
    });
  const spies = [catching('stdout'), catching('stderr')];
  try {
    return { code: await main(args), ...written };
  } finally {
    for (const spy of spies) spy.mockRestore();
    process.exitCode = undefined;
  }
}

/** The answers of `isoloss serve` to lines that arrive in one write. */
export async function serve(
  backend: string,
  requests: readonly unknown[],
): Promise<{ answers: Record<string, never>[] } & Outcome> {
  const text = requests.map((request) => (typeof request === 'string' ? request : JSON.stringify(request))).join('\n');
  const outcome = await isoloss(['serve', '--backend', backend], { input: `${text}\n` });
  const answers = outcome.stdout.trim().split('\n').filter(Boolean);
  return { ...outcome, answers: answers.map((line) => JSON.parse(line)) };
}

/**
 * Builds what is older than its sources. `npm test` has built everything; this is for those who run vitest by itself,
 * and must not test yesterday's command. Test files run at the same time: one builds, the others wait.
 * `ISOLOSS_TEST_DIST=1` takes what is there, for when another package is being taken apart.
 */
export async function ensureBuilt(): Promise<void> {
  if (process.env.ISOLOSS_TEST_DIST === '1') return;
  const lock = join(tmpdir(), `isoloss-build-${createHash('sha256').update(root).digest('hex').slice(0, 16)}`);
  while (packages.some(isStale)) {
    try {
      mkdirSync(lock);
    } catch {
      const age = Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
      if (age > 180_000) rmSync(lock, { recursive: true, force: true });
      await sleep(200);
      continue;
    }
    try {
      const turbo = join(root, 'node_modules/.bin/turbo');
      const args = ['run', 'build', '--filter=isoloss', '--filter=create-isoloss', '--output-logs=errors-only'];
      // turbo looks for the package manager on the path.
      const PATH = `${join(root, 'node_modules/.bin')}${delimiter}${process.env.PATH}`;
      const { code, stdout, stderr } = await execute(turbo, args, {
        env: { PATH, TURBO_TELEMETRY_DISABLED: '1', CI: '1' },
      });
      if (code !== 0) throw new Error(`the build failed:\n${stdout}${stderr}`);
    } finally {
      rmSync(lock, { recursive: true, force: true });
    }
    return;
  }
}

function isStale(folder: string): boolean {
  const stamp = join(folder, 'dist/.tsbuildinfo');
  if (!existsSync(stamp)) return true;
  const built = statSync(stamp).mtimeMs;
  return readdirSync(join(folder, 'src'), { recursive: true, encoding: 'utf8' }).some(
    (file) => file.endsWith('.ts') && statSync(join(folder, 'src', file)).mtimeMs > built,
  );
}

/** The backends that work on this machine, as the command says. */
export async function availableBackends(): Promise<string[]> {
  const { stdout } = await isoloss(['backends', '--json']);
  const all = JSON.parse(stdout) as { id: string; available: boolean }[];
  return all.filter(({ available }) => available).map(({ id }) => id);
}

export const float32 = (shape: readonly number[], data: readonly unknown[]) => ({ dtype: 'float32', shape, data });
export const float64 = (shape: readonly number[], data: readonly unknown[]) => ({ dtype: 'float64', shape, data });
export const int32 = (shape: readonly number[], data: readonly unknown[]) => ({ dtype: 'int32', shape, data });
