import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';

/**
 * Where isoloss keeps what is costly to get again: `ISOLOSS_CACHE`, else `isoloss` in the user's cache folder of the
 * system. It can be deleted at any time.
 */
export function cacheDirectory(): string {
  if (process.env.ISOLOSS_CACHE) return process.env.ISOLOSS_CACHE;
  const { XDG_CACHE_HOME: xdg, LOCALAPPDATA: local } = process.env;
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'isoloss');
  if (process.platform === 'win32') return join(local ?? join(homedir(), 'AppData', 'Local'), 'isoloss', 'Cache');
  // The XDG specification wants a relative path ignored.
  return join(xdg && isAbsolute(xdg) ? xdg : join(homedir(), '.cache'), 'isoloss');
}

/** Each file's size and SHA-256, by its path with forward slashes. */
type Manifest = Record<string, readonly [bytes: number, sha256: string]>;
const manifestName = 'manifest.json';
const bufferSize = 1 << 22;

/** Writes down the checksums of all files in the folder, then moves it to its place in one step. */
export async function publish(draft: string, destination: string): Promise<void> {
  const manifest: Manifest = {};
  const buffer = Buffer.allocUnsafe(bufferSize);
  for (const file of await filesIn(draft)) {
    const path = join(draft, file);
    const { size } = statSync(path);
    manifest[file] = [size, await sha256(path, size, buffer)];
  }
  await writeFile(join(draft, manifestName), JSON.stringify(manifest));
  await mkdir(dirname(destination), { recursive: true });
  await rm(destination, { recursive: true, force: true });
  await rename(draft, destination);
}

/** Whether the folder is as it was published, to the byte. */
export async function isIntact(directory: string): Promise<boolean> {
  try {
    const manifest = JSON.parse(await readFile(join(directory, manifestName), 'utf8')) as Manifest;
    const entries = Object.entries(manifest);
    // Sizes first: they are cheap, and show a file that was cut short.
    for (const [file, [bytes]] of entries) {
      if (statSync(join(directory, file)).size !== bytes) return false;
    }
    const buffer = Buffer.allocUnsafe(bufferSize);
    for (const [file, [bytes, hash]] of entries) {
      if ((await sha256(join(directory, file), bytes, buffer)) !== hash) return false;
    }
    return entries.length > 0;
  } catch {
    return false;
  }
}

async function filesIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
}

/**
 * Small files are read synchronously: there are eleven thousand headers, and a turn of the event loop for each takes
 * five times as long as the half second that reading them does. Large ones go through one buffer.
 */
async function sha256(path: string, bytes: number, buffer: Buffer): Promise<string> {
  const hash = createHash('sha256');
  if (bytes <= buffer.length) return hash.update(readFileSync(path)).digest('hex');
  const file = await open(path);
  try {
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length);
      if (bytesRead === 0) return hash.digest('hex');
      hash.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
}

/** The bytes in a folder, for showing progress; what vanishes meanwhile does not count. */
export async function sizeOf(directory: string): Promise<number> {
  let total = 0;
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    total += await stat(join(entry.parentPath, entry.name)).then(
      ({ size }) => size,
      () => 0,
    );
  }
  return total;
}
