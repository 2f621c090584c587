import { existsSync } from 'node:fs';
import { access, constants, copyFile, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { isIntact, publish } from './cache.ts';
import { oneLine, TfjsNodeUnavailableError } from './error.ts';
import { linkLibrary } from './install.ts';
import type { Library, LibraryPlace } from './library.ts';
import { findNodeGyp, napiVersion, type TfjsNodePackage } from './locate.ts';
import type { Progress } from './progress.ts';
import { findPython } from './python.ts';
import { run } from './run.ts';

const fileName = 'tfjs_binding.node';

function folderOf(tfjsNode: TfjsNodePackage, library: Library, place: LibraryPlace): string {
  return join(place.root, 'binding', `tfjs-node-${tfjsNode.version}-napi${napiVersion}-${library.id}`);
}

/** The binding that was built before for this package and library, its checksum verified. */
export async function cachedBinding(
  tfjsNode: TfjsNodePackage,
  library: Library,
  place: LibraryPlace,
): Promise<string | undefined> {
  const folder = folderOf(tfjsNode, library, place);
  return (await isIntact(folder)) ? join(folder, fileName) : undefined;
}

/**
 * Builds the binding that tfjs-node ships as source, beside the package rather than in it, into the cache.
 *
 * @throws {TfjsNodeUnavailableError} if there is no Python, no C++ compiler or no node-gyp, or if the build fails.
 */
export async function buildBinding(
  tfjsNode: TfjsNodePackage,
  library: Library,
  place: LibraryPlace,
  progress: Progress,
  signal?: AbortSignal,
): Promise<string> {
  const python = await findPython(signal);
  const gyp = await needTools();
  // The makefiles that node-gyp writes don't stand a space in a path.
  const spacious = /\s/.test(place.drafts);
  const source = spacious ? await mkdtemp(join(tmpdir(), 'isoloss-')) : join(place.drafts, 'source');
  try {
    await mkdir(source, { recursive: true });
    await copyFile(join(tfjsNode.directory, 'binding.gyp'), join(source, 'binding.gyp'));
    await cp(join(tfjsNode.directory, 'binding'), join(source, 'binding'), { recursive: true });
    await linkLibrary(library.directory, join(source, 'deps'));
    const out = join(source, 'out');
    const headers = nodeHeaders();
    const args = [
      gyp,
      'configure',
      'build',
      '--jobs=2',
      `--python=${python}`,
      '--module_name=tfjs_binding',
      `--module_path=${out}`,
      `--napi_build_version=${napiVersion}`,
      ...(headers ? [`--nodedir=${headers}`] : []),
    ];
    const result = await progress.during('building the native binding with node-gyp', () =>
      run(process.execPath, args, { cwd: source, signal, stallMs: 300_000 }),
    );
    const built = join(out, fileName);
    if (result.code !== 0 || !existsSync(built)) {
      const log = join(place.root, 'build.log');
      await writeFile(log, `${result.stdout}\n${result.stderr}`);
      throw new TfjsNodeUnavailableError(
        `building its native binding failed: ${whatFailed(result.stderr)}`,
        `read the build's messages in ${log}`,
      );
    }
    const draft = join(place.drafts, 'binding');
    await mkdir(draft, { recursive: true });
    await copyFile(built, join(draft, fileName));
    const folder = folderOf(tfjsNode, library, place);
    await publish(draft, folder);
    return join(folder, fileName);
  } finally {
    if (spacious) await rm(source, { recursive: true, force: true });
  }
}

/** Where the headers of this Node are, if they came with it: then node-gyp need not download them. */
export function nodeHeaders(): string | undefined {
  const prefix = process.env.npm_config_nodedir ?? dirname(dirname(process.execPath));
  return existsSync(join(prefix, 'include', 'node', 'node.h')) ? prefix : undefined;
}

/** Looks for what the build runs, and gives node-gyp's program. */
async function needTools(): Promise<string> {
  const compiler = process.env.CXX?.split(' ')[0] ?? 'g++';
  for (const tool of ['make', compiler]) {
    if (await onPath(tool)) continue;
    throw new TfjsNodeUnavailableError(
      `building its native binding needs ${tool}, which is not on the PATH`,
      'install a C++ compiler and make (build-essential, or gcc-c++ and make), then isoloss setup tfjs-node',
    );
  }
  const gyp = findNodeGyp();
  if (gyp !== undefined) return gyp;
  throw new TfjsNodeUnavailableError(
    'building its native binding needs the package node-gyp, which is not installed',
    'npm install node-gyp, then isoloss setup tfjs-node',
  );
}

async function onPath(tool: string): Promise<boolean> {
  const folders = tool.includes('/') ? [''] : (process.env.PATH ?? '').split(delimiter);
  for (const folder of folders) {
    try {
      await access(join(folder, tool), constants.X_OK);
      return true;
    } catch {}
  }
  return false;
}

/** The compiler's first error, else node-gyp's. */
function whatFailed(stderr: string): string {
  const lines = stderr.split('\n');
  const line =
    lines.find((text) => /\berror:/.test(text)) ??
    lines.find((text) => /^gyp ERR! (stack )?.*(Error|not found|failed)/.test(text)) ??
    lines.findLast((text) => text.trim() !== '');
  return oneLine(line ?? 'node-gyp gave no reason');
}
