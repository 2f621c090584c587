import { type ChildProcess, spawn } from 'node:child_process';
import { clean } from '../text.ts';

/** A line may be as long as this: some three million numbers. What is longer is refused before it fills the memory. */
const maxLine = 64 * 2 ** 20;

/** So much of what a program logs is kept, for the message when it crashes. */
const keptLog = 2048;

/** After the end of a process, what it wrote before may still be on its way for so long. */
const drainMs = 150;

export interface ChildHandlers {
  /** A line of standard output, without its newline. */
  line(text: string): void;
  /** It will give no more lines: it ended, could not be started, or wrote a line that is too long. Called once. */
  ended(why: string): void;
}

export interface ChildOptions {
  readonly command: readonly string[];
  readonly cwd?: string | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
}

const alive = new Set<ChildProcess>();
const groups = process.platform !== 'win32';

/** Kills a process and what it has started: it leads a process group of its own. */
function killTree(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    if (groups) process.kill(-child.pid, 'SIGKILL');
    else child.kill('SIGKILL');
  } catch {
    child.kill('SIGKILL');
  }
}

/** Kills every implementation that runs. For a command's signal handlers; the end of this process does so by itself. */
export function killImplementations(): void {
  for (const child of alive) killTree(child);
  alive.clear();
}

let watching = false;

/**
 * A program whose standard output is read line by line. Its memory here is bounded whatever it prints, its standard
 * error is read and thrown away but for the end, and it is killed with all that it has started.
 */
export class Child {
  readonly #process: ChildProcess;
  readonly #handlers: ChildHandlers;
  #parts: Buffer[] = [];
  #length = 0;
  #log = '';
  #done = false;

  constructor({ command, cwd, env }: ChildOptions, handlers: ChildHandlers) {
    if (!watching) process.on('exit', killImplementations);
    watching = true;
    this.#handlers = handlers;
    this.#process = spawn(command[0]!, command.slice(1), {
      ...(cwd === undefined ? {} : { cwd }),
      env: { ...process.env, ...env },
      stdio: 'pipe',
      detached: groups,
      windowsHide: true,
    });
    const { stdin, stdout, stderr } = this.#process;
    alive.add(this.#process);
    this.#process.on('error', (error) => this.#end(`it can't be started: ${clean(error.message)}`));
    this.#process.on('exit', (code, signal) => {
      alive.delete(this.#process);
      const why = signal === null ? `it ended with exit code ${code}` : `it was ended by ${signal}`;
      // A grandchild may hold the pipe open for ever; what the process itself wrote has arrived by then.
      setTimeout(() => this.#end(this.#withLog(why)), drainMs).unref();
      this.#process.on('close', () => this.#end(this.#withLog(why)));
    });
    stdin!.on('error', () => setTimeout(() => this.#end(this.#withLog('it closed its standard input')), drainMs));
    stdout!.on('data', (chunk: Buffer) => this.#read(chunk));
    stdout!.on('end', () => setTimeout(() => this.#end(this.#withLog('it closed its standard output')), 2 * drainMs));
    stdout!.on('error', () => {});
    stderr!.on('data', (chunk: Buffer) => {
      this.#log = (this.#log + chunk.toString('utf8', Math.max(0, chunk.length - keptLog))).slice(-keptLog);
    });
    stderr!.on('error', () => {});
  }

  /** Hands a line over; if the program doesn't read, it waits in memory. */
  send(line: string): void {
    if (!this.#done) this.#process.stdin!.write(`${line}\n`);
  }

  /** Asks it to stop, and kills it if it has not within `ms`. */
  async stop(ms: number): Promise<void> {
    const { exitCode, signalCode, pid, stdin } = this.#process;
    this.#done = true;
    if (pid !== undefined && exitCode === null && signalCode === null) {
      const gone = new Promise<void>((resolve) => this.#process.once('exit', () => resolve()));
      stdin!.end('{"command":"stop"}\n');
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, ms);
      });
      await Promise.race([gone, late]);
      clearTimeout(timer);
    }
    this.kill();
  }

  /** Ends it and whatever it has started; `ended` is not called any more. */
  kill(): void {
    this.#done = true;
    this.#parts = [];
    killTree(this.#process);
    alive.delete(this.#process);
    for (const stream of [this.#process.stdin, this.#process.stdout, this.#process.stderr]) stream?.destroy();
    this.#process.unref();
  }

  #withLog(why: string): string {
    const cut = this.#length > 0 ? ', in the middle of a line' : '';
    const log = clean(this.#log.slice(-400));
    return `${why}${cut}${log === '' ? '' : `; the end of its log: ${log}`}`;
  }

  #end(why: string): void {
    if (this.#done) return;
    this.kill();
    this.#handlers.ended(why);
  }

  #read(chunk: Buffer): void {
    let from = 0;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
      this.#keep(chunk.subarray(from, at));
      if (this.#done) return;
      const line = Buffer.concat(this.#parts, this.#length).toString('utf8');
      this.#parts = [];
      this.#length = 0;
      from = at + 1;
      this.#handlers.line(line);
      if (this.#done) return;
    }
    if (from < chunk.length) this.#keep(chunk.subarray(from));
  }

  #keep(part: Buffer): void {
    this.#length += part.length;
    if (this.#length > maxLine) this.#end(`it printed a line of more than ${maxLine / 2 ** 20} MB`);
    else this.#parts.push(part);
  }
}
