import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDirectory } from './cache.ts';
import { quietEnvironment } from './compatibility.ts';
import { TfjsNodeUnavailableError } from './error.ts';
import { findTfjsNode, packageAt, type TfjsNodePackage } from './locate.ts';
import { run } from './run.ts';

/** Whether tfjs-node can be used in this Node, and, if it can't, why and what to do. */
export type TfjsNodeStatus =
  | {
      readonly available: true;
      /** The package's folder. */
      readonly directory: string;
      /** Of tfjs-node. */
      readonly version: string;
      /** Of the TensorFlow library beneath it. */
      readonly tensorflow: string;
      readonly binding: string;
    }
  | { readonly available: false; readonly reason: string; readonly remedy: string };

/** Which tfjs-node is asked about. */
export interface StatusOptions {
  /** Instead of the user's cache folder. */
  cacheDirectory?: string | undefined;
  /** The tfjs-node to ask about, instead of the one that resolves. */
  packageDirectory?: string | undefined;
  signal?: AbortSignal | undefined;
}

const remedy = 'isoloss setup tfjs-node';
const marker = '\nisoloss-status ';

/**
 * Loads tfjs-node and differentiates with it. As text, since it runs in a Node of its own before anything is compiled.
 */
const script = `
const util = require('util');
util.isNullOrUndefined = (value) => value === null || value === undefined;
util.isArray = Array.isArray;
const answer = (value) => process.stdout.write(${JSON.stringify(marker)} + JSON.stringify(value) + '\\n');
try {
  const tf = require(process.argv[1]);
  const [, two] = tf.grad((x) => x.square().sum())(tf.tensor1d([1, 2])).dataSync();
  if (two !== 4 || tf.getBackend() !== 'tensorflow') throw new Error('it loads but computes a wrong gradient');
  answer({ tensorflow: tf.backend().binding.TF_Version });
} catch (error) {
  answer({ error: String((error && error.message) || error) });
}`;

/**
 * Whether tfjs-node can be used. The load is tried in a child process, because a half-built binding may crash the
 * process that loads it; that it works is remembered in the user's cache, for this binding, library and Node.
 */
export async function tfjsNodeStatus(options: StatusOptions = {}): Promise<TfjsNodeStatus> {
  try {
    const tfjsNode = options.packageDirectory ? packageAt(options.packageDirectory) : findTfjsNode();
    return await statusOf(tfjsNode, options);
  } catch (error) {
    if (error instanceof TfjsNodeUnavailableError) {
      return { available: false, reason: error.reason, remedy: error.remedy };
    }
    throw error;
  }
}

async function statusOf(tfjsNode: TfjsNodePackage, options: StatusOptions): Promise<TfjsNodeStatus> {
  const { directory, version, binding } = tfjsNode;
  if (!existsSync(binding)) {
    return { available: false, reason: 'its native binding is not there: its install script did not run', remedy };
  }
  const known = join(
    options.cacheDirectory ?? cacheDirectory(),
    'tfjs-node',
    'status',
    `${await fingerprint(tfjsNode)}.json`,
  );
  const tensorflow = await readFile(known, 'utf8')
    .then((text) => (JSON.parse(text) as { tensorflow: string }).tensorflow)
    .catch(() => undefined);
  if (tensorflow !== undefined) return { available: true, directory, version, tensorflow, binding };

  const child = await run(process.execPath, ['--input-type=commonjs', '-e', script, directory], {
    env: { ...quietEnvironment, ...process.env },
    signal: options.signal,
    stallMs: 60_000,
  });
  const answer = parse(child.stdout);
  if (answer?.tensorflow !== undefined && child.code === 0) {
    await remember(known, { tensorflow: answer.tensorflow });
    return { available: true, directory, version, tensorflow: answer.tensorflow, binding };
  }
  // A failure is not remembered: what is missing may be put right outside of anything that we can see.
  const reason = child.stalled
    ? 'loading its native binding takes more than a minute'
    : (answer?.error ??
      `its native binding ends the process when it is loaded (${child.signal ?? `exit ${child.code}`})`);
  return { available: false, reason: `its native binding does not work: ${reason}`, remedy };
}

function parse(stdout: string): { tensorflow?: string; error?: string } | undefined {
  const start = stdout.lastIndexOf(marker);
  if (start < 0) return undefined;
  try {
    return JSON.parse(stdout.slice(start + marker.length)) as { tensorflow?: string; error?: string };
  } catch {
    return undefined;
  }
}

/** Changes when the binding, the library that it is linked to or Node does. */
async function fingerprint({ directory, version, binding }: TfjsNodePackage): Promise<string> {
  const library = join(directory, 'deps', 'lib');
  const names = await readdir(library).catch(() => []);
  const files = [binding, ...names.sort().map((name) => join(library, name))];
  const stamps = await Promise.all(
    files.map((file) =>
      stat(file).then(
        ({ size, mtimeMs }) => [file, size, mtimeMs],
        () => [file],
      ),
    ),
  );
  const { platform, arch, versions } = process;
  return createHash('sha256')
    .update(JSON.stringify([version, platform, arch, versions.node, versions.modules, stamps]))
    .digest('hex')
    .slice(0, 32);
}

/** A cache that can't be written costs time, nothing else. */
async function remember(path: string, value: object): Promise<void> {
  const draft = `${path}.${process.pid}`;
  try {
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(draft, JSON.stringify(value));
    await rename(draft, path);
  } catch {}
}
