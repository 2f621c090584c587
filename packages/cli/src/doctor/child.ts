import { type ChildProcess, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { oneLine } from '../errors.ts';

/** A child process did not answer: it crashed, or it hangs. */
export class ChildError extends Error {
  override readonly name = 'ChildError';
  readonly kind: 'crash' | 'hang';

  constructor(kind: 'crash' | 'hang', message: string) {
    super(message);
    this.kind = kind;
  }
}

export type Answer<T> = { readonly ok: T } | { readonly error: { readonly name: string; readonly message: string } };

/** A process that answers one question at a time, and whose end, whatever ends it, is an error in ours. */
export interface Child {
  /**
   * @throws ChildError if it crashes, or does not answer in time (it is ended then)
   * @throws Error of the name and message of what it threw
   */
  ask<T>(question: unknown, timeoutMs: number): Promise<T>;
  /** What it has written to standard error, the end of it. */
  stderr(): string;
  end(): void;
}

const keptStderr = 4000;

/** Starts a module of ours, named by its path below `src`, in a process of its own. */
export function openChild(module: string, args: readonly string[] = []): Child {
  const child: ChildProcess = fork(fileOf(module), [...args], {
    // Nothing that it prints reaches our results.
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    serialization: 'advanced',
    execArgv: [],
  });
  let stderr = '';
  let ended: ChildError | undefined;
  let waiting: { done(answer: Answer<unknown>): void; fail(error: Error): void } | undefined;
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-keptStderr);
  });
  const stop = (error: ChildError) => {
    ended ??= error;
    waiting?.fail(ended);
    waiting = undefined;
  };
  child.on('error', (error) => stop(new ChildError('crash', `the process could not be started: ${error.message}`)));
  // "close", not "exit": what it wrote last has been read by then.
  child.on('close', (code, signal) => stop(new ChildError('crash', ending(code, signal, stderr))));
  child.on('message', (answer: Answer<unknown>) => {
    waiting?.done(answer);
    waiting = undefined;
  });
  const kill = () => {
    process.off('exit', kill);
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  };
  process.on('exit', kill);
  child.on('close', () => process.off('exit', kill));
  return {
    ask<T>(question: unknown, timeoutMs: number): Promise<T> {
      if (ended !== undefined) return Promise.reject(ended);
      return new Promise<T>((resolve, reject) => {
        const timer = setTimeout(() => {
          stop(new ChildError('hang', `it did not answer within ${timeoutMs / 1000} s and was ended`));
          kill();
        }, timeoutMs);
        waiting = {
          done(answer) {
            clearTimeout(timer);
            if ('ok' in answer) resolve(answer.ok as T);
            else reject(Object.assign(new Error(answer.error.message), { name: answer.error.name }));
          },
          fail(error) {
            clearTimeout(timer);
            reject(error);
          },
        };
        // If it has gone its end says so; this says it twice.
        child.send(question as object, () => {});
      });
    },
    stderr: () => stderr,
    end: kill,
  };
}

function ending(code: number | null, signal: NodeJS.Signals | null, stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  const said = lines.find((line) => /error|fatal|terminate|abort/i.test(line)) ?? lines.at(-1);
  const how = signal === null ? `exit code ${code}` : signal;
  return oneLine(`the process ended with ${how}${said === undefined ? '' : `: ${said.slice(0, 200)}`}`);
}

/** Answers questions in a child process, one after another, until the one who asks is gone. */
export function answerQuestions(answer: (question: never) => Promise<unknown>): void {
  process.on('message', (question) => {
    void Promise.resolve()
      .then(() => answer(question as never))
      .then(
        (ok): Answer<unknown> => ({ ok }),
        (error: unknown): Answer<unknown> => ({
          error: {
            name: error instanceof Error ? error.name : 'Error',
            message: oneLine(error instanceof Error ? error.message : String(error)),
          },
        }),
      )
      .then((message) => process.send?.(message));
  });
  process.on('disconnect', () => process.exit(0));
}

/** The built file, also where tests run on sources: a process of its own has no loader for those. */
function fileOf(module: string): string {
  const built = fileURLToPath(new URL(`../${module}.js`, import.meta.url));
  return existsSync(built) ? built : fileURLToPath(new URL(`../../dist/${module}.js`, import.meta.url));
}
