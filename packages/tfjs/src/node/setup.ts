import { existsSync, rmSync } from 'node:fs';
import { mkdir, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { buildBinding, cachedBinding } from './build.ts';
import { cacheDirectory } from './cache.ts';
import { codeOf, messageOf, TfjsNodeUnavailableError } from './error.ts';
import { installBinding, removeBinding } from './install.ts';
import { onInterrupt } from './interrupt.ts';
import { cachedLibrary, fetchLibrary, type Library, type LibraryPlace } from './library.ts';
import { findTfjsNode, packageAt, type TfjsNodePackage } from './locate.ts';
import { withLock } from './lock.ts';
import { installOfficially } from './official.ts';
import { Progress } from './progress.ts';
import { type TfjsNodeStatus, tfjsNodeStatus } from './status.ts';

/** How tfjs-node is set up. */
export interface SetupOptions {
  /** Gets a line when a step starts, and one every five seconds while it lasts. */
  onProgress?: ((message: string) => void) | undefined;
  /** Instead of the user's cache folder (`ISOLOSS_CACHE`, else the system's). */
  cacheDirectory?: string | undefined;
  /** Whether to try the package's own install script; default true, unless `ISOLOSS_TFJS_NODE_OFFICIAL=0`. */
  official?: boolean | undefined;
  /** How long the official download may stand still, in ms; default 20000. */
  officialTimeoutMs?: number | undefined;
  /** Sets up again even if it works, with the binding built anew. */
  force?: boolean | undefined;
  signal?: AbortSignal | undefined;
  /** The tfjs-node to set up, instead of the one that resolves. */
  packageDirectory?: string | undefined;
}

/** What was set up, and how. */
export interface SetupResult {
  /** `ready`: it worked already; `installed`: by its own install script; `built`: from source, now or earlier. */
  readonly status: 'ready' | 'installed' | 'built';
  readonly binding: string;
  /** The version of the TensorFlow library. */
  readonly tensorflow: string;
  readonly seconds: number;
  /** What was done, a line each. */
  readonly log: readonly string[];
}

/** The steps that reach out of this machine or take long; tests put smaller ones in their place. */
export interface Steps {
  status: typeof tfjsNodeStatus;
  installOfficially: typeof installOfficially;
  fetchLibrary: typeof fetchLibrary;
  buildBinding: typeof buildBinding;
}

const realSteps: Steps = { status: tfjsNodeStatus, installOfficially, fetchLibrary, buildBinding };

interface Work {
  readonly tfjsNode: TfjsNodePackage;
  readonly place: LibraryPlace;
  readonly progress: Progress;
  readonly steps: Steps;
  readonly options: SetupOptions;
  /** Whether the binding in the package works now. */
  check(): Promise<TfjsNodeStatus>;
}

/**
 * Makes the installed `@tensorflow/tfjs-node` work. If its native binding loads, nothing is done. Else the binding
 * that this machine built earlier is put in place; else the package's own install script is run, with a limit on how
 * long its download may stand still; else the binding is built from the source that the package ships, against the
 * TensorFlow library of the `tensorflow-cpu` wheel, both of which stay in the user's cache.
 *
 * It may be repeated, interrupted, and run by several processes at once: one works, the others wait and find it done.
 *
 * @example
 * const { status, seconds } = await setupTfjsNode({ onProgress: console.error });
 *
 * @throws {TfjsNodeUnavailableError} if tfjs-node can't be made to work here, with the reason and the remedy.
 * @throws the signal's reason, if it is aborted.
 */
export async function setupTfjsNode(options: SetupOptions = {}): Promise<SetupResult> {
  return setupWith(options, realSteps);
}

/** `setupTfjsNode` with other steps. */
export async function setupWith(options: SetupOptions, steps: Steps): Promise<SetupResult> {
  const { force = false, signal } = options;
  const progress = new Progress(options.onProgress);
  const tfjsNode = options.packageDirectory ? packageAt(options.packageDirectory) : findTfjsNode();
  const cache = options.cacheDirectory ?? cacheDirectory();
  const check = () => steps.status({ packageDirectory: tfjsNode.directory, cacheDirectory: cache, signal });
  const result = (status: SetupResult['status'], tensorflow: string): SetupResult => {
    const { log, seconds } = progress;
    return { status, binding: tfjsNode.binding, tensorflow, seconds, log };
  };

  const before = await check();
  if (before.available && !force) return result('ready', before.tensorflow);
  const root = join(cache, 'tfjs-node');
  const place = { root, drafts: join(root, 'drafts') };
  try {
    await mkdir(root, { recursive: true });
    let waited = false;
    const onWait = (pid: number | undefined) => {
      waited = true;
      progress.say(`waiting for another set-up${pid ? ` (process ${pid})` : ''} to end…`);
    };
    return await withLock(join(root, 'lock'), { signal, onWait }, async () => {
      const now = waited || !force ? await check() : before;
      if (now.available && (waited || !force)) return result('ready', now.tensorflow);
      await rm(place.drafts, { recursive: true, force: true });
      const off = onInterrupt(() => rmSync(place.drafts, { recursive: true, force: true }));
      try {
        const [status, done] = await work({ tfjsNode, place, progress, steps, options, check });
        progress.say(`ready in ${progress.seconds} s`);
        return result(status, done.tensorflow);
      } finally {
        off();
        await rm(place.drafts, { recursive: true, force: true });
      }
    });
  } catch (error) {
    throw unavailable(error, tfjsNode, cache);
  }
}

type Working = Extract<TfjsNodeStatus, { available: true }>;

async function work(task: Work): Promise<['installed' | 'built', Working]> {
  const { tfjsNode, place, progress, steps, options, check } = task;
  const library = await cachedLibrary(place);
  if (library && !options.force) {
    const built = await cachedBinding(tfjsNode, library, place);
    if (built) {
      progress.say('taking the binding that was built on this machine earlier');
      await installBinding(tfjsNode, library.directory, built);
      const status = await check();
      if (status.available) return ['built', status];
      progress.say(`${status.reason}; it will be built anew`);
    }
  }
  const { official = process.env.ISOLOSS_TFJS_NODE_OFFICIAL !== '0', officialTimeoutMs = 20_000, signal } = options;
  if (official) {
    const failure = await progress.during('trying its own install script', () =>
      steps.installOfficially(tfjsNode, { timeoutMs: officialTimeoutMs, signal }),
    );
    const status = failure === undefined ? await check() : undefined;
    if (status?.available) return ['installed', status];
    if (status) await removeBinding(tfjsNode);
    progress.say(failure ?? (status && !status.available ? status.reason : ''));
  }
  return ['built', await build(task, library)];
}

/** From the package's source, against the library of TensorFlow's wheel. */
async function build(task: Work, cached: Library | undefined): Promise<Working> {
  const { tfjsNode, place, progress, steps, options, check } = task;
  supported();
  if (!cached) await needSpace(place.root);
  const library = cached ?? (await steps.fetchLibrary(place, progress, options.signal));
  const binding = await steps.buildBinding(tfjsNode, library, place, progress, options.signal);
  await installBinding(tfjsNode, library.directory, binding);
  const status = await check();
  if (status.available) return status;
  await removeBinding(tfjsNode);
  throw new TfjsNodeUnavailableError(
    `it was built, but ${status.reason}`,
    'use the backends tfjs-wasm or tfjs-cpu, which need no native code',
  );
}

function supported(): void {
  const { platform, arch } = process;
  const other = 'use the backends tfjs-wasm or tfjs-cpu, which need no native code';
  if (platform !== 'linux' || (arch !== 'x64' && arch !== 'arm64')) {
    throw new TfjsNodeUnavailableError(
      `its install script does not work here, and building it is not supported on ${platform} ${arch}`,
      `${other}, or run npm rebuild @tensorflow/tfjs-node where its download host can be reached`,
    );
  }
  // Alpine and others: there is no TensorFlow for their C library.
  if (process.report) Object.assign(process.report, { excludeNetwork: true });
  const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined;
  if (report?.header && !report.header.glibcVersionRuntime) {
    throw new TfjsNodeUnavailableError('there is no TensorFlow library for musl Linux', other);
  }
}

/** The wheel, what is unpacked from it, and some air. */
async function needSpace(directory: string): Promise<void> {
  const needed = 1.6e9;
  const { bavail, bsize } = await statfs(directory);
  if (bavail * bsize >= needed) return;
  throw new TfjsNodeUnavailableError(
    `the TensorFlow library needs 1.6 GB while it is unpacked, and ${directory} has ${Math.round((bavail * bsize) / 1e6)} MB`,
    'make room, or set ISOLOSS_CACHE to a folder elsewhere',
  );
}

function unavailable(error: unknown, { directory }: TfjsNodePackage, cache: string): unknown {
  const code = codeOf(error);
  if (code === 'ENOSPC') {
    return new TfjsNodeUnavailableError(
      `the disk of ${cache} is full`,
      'make room, or set ISOLOSS_CACHE to a folder elsewhere',
      { cause: error },
    );
  }
  if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') {
    return new TfjsNodeUnavailableError(
      messageOf(error),
      `make ${existsSync(cache) ? directory : cache} writable, or set ISOLOSS_CACHE to a folder that is`,
      { cause: error },
    );
  }
  return error;
}
