import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

export interface Finished {
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
}

export interface Run {
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
  /** With the caller's own home, caches and registry, not the sandbox's. */
  readonly asCaller?: boolean;
  /** In seconds; what takes longer is ended. */
  readonly timeout?: number;
}

/** A folder outside the repository with a home of its own, in which commands run as somebody's who has none of our caches. */
export class Sandbox {
  readonly folder = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'isoloss-e2e-')));
  private readonly children = new Set<ChildProcess>();
  private readonly ended = () => {
    this.killAll();
    rmSync(this.folder, { recursive: true, force: true });
  };
  private own: NodeJS.ProcessEnv = {};

  constructor() {
    process.on('exit', this.ended);
    // Vitest, killed, leaves its workers to themselves; what is left of this one then is not worth finishing.
    process.once('disconnect', leave);
    this.own = this.environment();
  }

  path(...parts: string[]): string {
    return path.join(this.folder, ...parts);
  }

  /** A new folder with a manifest in it. */
  project(name: string, manifest: object = { name, private: true }): string {
    mkdirSync(this.path(name), { recursive: true });
    writeFileSync(this.path(name, 'package.json'), JSON.stringify(manifest, undefined, 2));
    return this.path(name);
  }

  /** Makes npm and pnpm of this sandbox use a registry, block install scripts, and stay quiet about themselves. */
  useRegistry(url: string): void {
    const lines = [
      `registry=${url}`,
      // npm publishes nothing without a token; this registry takes any.
      `${url.replace(/^http:/, '')}:_authToken=anyone`,
      'ignore-scripts=true',
      'update-notifier=false',
      'fund=false',
      'audit=false',
    ];
    mkdirSync(this.path('home'), { recursive: true });
    writeFileSync(this.path('home/.npmrc'), `${lines.join('\n')}\n`);
  }

  /** @throws Error with what the command wrote, if it fails or takes too long */
  run(
    command: string,
    args: readonly string[],
    { cwd, env = {}, asCaller = false, timeout = 300 }: Run,
  ): Promise<Finished> {
    const start = Date.now();
    return new Promise((resolve, reject) => {
      const child = spawn(command, args, {
        cwd,
        env: asCaller ? { ...process.env, CI: 'true' } : { ...this.own, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
        // A group of its own, so that what it starts ends with it.
        detached: process.platform !== 'win32',
      });
      this.children.add(child);
      let [stdout, stderr, late] = ['', '', false];
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        stdout += text;
      });
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        stderr += text;
      });
      const timer = setTimeout(() => {
        late = true;
        kill(child);
      }, timeout * 1000);
      child.once('error', reject);
      child.once('close', (code, signal) => {
        clearTimeout(timer);
        this.children.delete(child);
        const seconds = (Date.now() - start) / 1000;
        if (code === 0) return resolve({ stdout, stderr, seconds });
        const how = late ? `took more than ${timeout} s` : `ended with ${signal ?? code}`;
        const log = [stdout, stderr].map((text) => text.split('\n').slice(-60).join('\n').trim());
        reject(new Error(`${[command, ...args].join(' ')} in ${cwd} ${how}\n${log.filter(Boolean).join('\n---\n')}`));
      });
    });
  }

  /** Ends whatever still runs and removes everything. */
  async close(): Promise<void> {
    this.killAll();
    process.off('exit', this.ended);
    process.off('disconnect', leave);
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  private killAll(): void {
    for (const child of this.children) kill(child);
  }

  /** Nothing of the caller's npm or pnpm, nor of the npm that may run these tests. */
  private environment(): NodeJS.ProcessEnv {
    const kept = Object.entries(process.env).filter(
      ([key]) => !/^(npm_|pnpm_|INIT_CWD|NODE_OPTIONS|VITEST|VITE_|XDG_|TURBO_|NODE_ENV)/i.test(key),
    );
    return {
      ...Object.fromEntries(kept),
      HOME: this.path('home'),
      USERPROFILE: this.path('home'),
      XDG_CACHE_HOME: this.path('home/cache'),
      XDG_DATA_HOME: this.path('home/data'),
      CI: 'true',
      NO_COLOR: '1',
    };
  }
}

const leave = () => process.exit(1);

function kill(child: ChildProcess): void {
  try {
    if (process.platform === 'win32') child.kill('SIGKILL');
    else if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

const start = Date.now();
/** A line of progress, past the test framework, which shows what a test wrote only when the test is done. */
export const note = (text: string): void =>
  void process.stderr.write(`e2e ${((Date.now() - start) / 1000).toFixed(0).padStart(4)} s  ${text}\n`);
