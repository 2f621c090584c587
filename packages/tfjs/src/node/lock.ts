import { randomUUID } from 'node:crypto';
import { unlinkSync } from 'node:fs';
import { link, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf } from './error.ts';
import { onInterrupt } from './interrupt.ts';

export interface LockOptions {
  signal?: AbortSignal | undefined;
  /** Called once if somebody else has the lock. */
  onWait?: (holder: number | undefined) => void;
  pollMs?: number;
  /** The owner shows that it lives by touching the lock; after so long without, it is taken for dead. */
  staleMs?: number;
}

interface Owner {
  readonly pid: number;
  readonly host: string;
  readonly token: string;
}

/**
 * Does the work while holding the lock file, of which there is one owner at a time among the processes that share the
 * folder. A lock whose owner has died (by its pid, on this machine; by the lock's age, on any) is taken over.
 *
 * @throws what the work throws; the signal's reason, if it is aborted while waiting.
 */
export async function withLock<T>(path: string, options: LockOptions, work: () => Promise<T>): Promise<T> {
  const { pollMs = 200, staleMs = 60_000 } = options;
  const owner: Owner = { pid: process.pid, host: hostname(), token: randomUUID() };
  let told = false;
  while (!(await take(path, owner))) {
    if (await breakStale(path, staleMs)) continue;
    if (!told) options.onWait?.((await read(path))?.pid);
    told = true;
    await sleep(pollMs, undefined, options.signal ? { signal: options.signal } : {});
  }
  const heartbeat = setInterval(() => utimes(path, new Date(), new Date()).catch(() => {}), staleMs / 6);
  const off = onInterrupt(() => unlinkSync(path));
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    off();
    // Only if it is still ours: a machine that slept may find that somebody took it over.
    if ((await read(path))?.token === owner.token) await rm(path, { force: true });
  }
}

/** Makes the lock, with its content, in one step: a link fails if there is one already. */
async function take(path: string, owner: Owner): Promise<boolean> {
  const draft = `${path}.${owner.token}`;
  await writeFile(draft, JSON.stringify(owner));
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

async function read(path: string): Promise<Owner | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Owner;
  } catch {
    return undefined;
  }
}

/** Removes the lock if its owner is dead; true if it is worth trying again at once. */
async function breakStale(path: string, staleMs: number): Promise<boolean> {
  const owner = await read(path);
  let age: number;
  try {
    age = Date.now() - (await stat(path)).mtimeMs;
  } catch {
    return true;
  }
  const dead = owner !== undefined && owner.host === hostname() && !alive(owner.pid);
  if (!dead && age < staleMs) return false;
  // By renaming, so that of several who see the dead owner one removes its lock, and not the next owner's.
  const grave = `${path}.${randomUUID()}`;
  try {
    await rename(path, grave);
  } catch {
    return true;
  }
  if ((await read(grave))?.token !== owner?.token) await link(grave, path).catch(() => {});
  await rm(grave, { force: true });
  return true;
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}
