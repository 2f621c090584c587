import { type ChildProcess, spawn } from 'node:child_process';
import { onInterrupt } from './interrupt.ts';

export interface RunOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  signal?: AbortSignal | undefined;
  /** Ends the command when it has made no progress for so long; may depend on what it wrote to stderr. */
  stallMs?: number | ((stderr: string) => number);
  /** A number that changes while the command makes progress, besides its output: a folder's size, say. */
  watch?: () => Promise<number>;
}

export interface RunResult {
  /** The exit code; null if it was ended by a signal or could not be started. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly stalled: boolean;
  /** Set when it could not be started, for instance because there is no such command. */
  readonly startError: Error | undefined;
}

/** What is kept of each stream: the end, where the error is. */
const keep = 1 << 18;

/**
 * Runs a command to its end, out of sight. It is started in a process group of its own, so that ending it also ends
 * the compilers and downloads that it started; an interrupted parent takes the group with it.
 *
 * @throws the signal's reason, if it was aborted.
 */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  options.signal?.throwIfAborted();
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: process.platform !== 'win32',
    windowsHide: true,
  });
  const end = () => endGroup(child);
  const off = onInterrupt(end);
  options.signal?.addEventListener('abort', end);
  let last = Date.now();
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout = (stdout + text).slice(-keep);
    last = Date.now();
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-keep);
    last = Date.now();
  });
  let stalled = false;
  let seen = 0;
  const { stallMs } = options;
  const limit = () => (typeof stallMs === 'function' ? stallMs(stderr) : (stallMs ?? Number.POSITIVE_INFINITY));
  const timer = stallMs
    ? setInterval(
        async () => {
          const now = (await options.watch?.()) ?? 0;
          if (now !== seen) last = Date.now();
          seen = now;
          if (Date.now() - last < limit()) return;
          stalled = true;
          end();
        },
        Math.min(1000, limit() / 4),
      )
    : undefined;
  try {
    const [code, signal, startError] = await ended(child);
    options.signal?.throwIfAborted();
    return { code, signal, stdout, stderr, stalled, startError };
  } finally {
    clearInterval(timer);
    off();
    options.signal?.removeEventListener('abort', end);
  }
}

function ended(child: ChildProcess): Promise<[number | null, NodeJS.Signals | null, Error | undefined]> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve([null, null, error]));
    child.once('close', (code, signal) => resolve([code, signal, undefined]));
  });
}

function endGroup(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    if (process.platform === 'win32') child.kill('SIGKILL');
    else process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It ended in the meantime.
  }
}
