import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isIntact, publish, sizeOf } from './cache.ts';
import { oneLine, TfjsNodeUnavailableError } from './error.ts';
import type { Progress } from './progress.ts';
import { findPython } from './python.ts';
import { run } from './run.ts';

/** An unpacked TensorFlow C library: `include/` and `lib/`. */
export interface Library {
  readonly directory: string;
  /** Such as `tensorflow-cpu-2.21.0-linux-x64`. */
  readonly id: string;
}

export interface LibraryPlace {
  /** The folder of our part of the cache. */
  readonly root: string;
  /** A folder for drafts, on the same file system. */
  readonly drafts: string;
}

/** The version that the conformance matrix was made with. */
const pinned = '2.21.0';
const wheel = 'tensorflow-cpu';
const platform = `${process.platform}-${process.arch}`;

/** The pinned wheel, whatever Python there is: its C library is the same in the wheels of all Pythons. */
const anyPython = ['--implementation', 'cp', '--python-version', '3.11', '--abi', 'cp311'];
const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
const anyLinux = ['--platform', `manylinux_2_27_${machine}`, '--platform', `manylinux2014_${machine}`];

/**
 * What to ask pip for, best first. Other Pythons than those that the pinned release was built for get the newest that
 * there is for them.
 */
const requests: readonly (readonly string[])[] = [
  [`${wheel}==${pinned}`],
  [...anyPython, ...anyLinux, `${wheel}==${pinned}`],
  [wheel],
];

/** The library that is in the cache already, its checksums verified; the pinned one rather than another. */
export async function cachedLibrary({ root }: LibraryPlace): Promise<Library | undefined> {
  const folder = join(root, 'library');
  const ids = (await readdir(folder).catch(() => [])).filter((id) => id.endsWith(`-${platform}`)).sort();
  const first = `${wheel}-${pinned}-${platform}`;
  for (const id of ids.includes(first) ? [first, ...ids.filter((other) => other !== first)] : ids.reverse()) {
    const directory = join(folder, id);
    if (await isIntact(directory)) return { directory, id };
  }
  return undefined;
}

/**
 * Gets the TensorFlow C library out of TensorFlow's wheel for Python into the cache.
 *
 * @throws {TfjsNodeUnavailableError} if there is no Python, no pip, or no wheel to be had.
 */
export async function fetchLibrary(place: LibraryPlace, progress: Progress, signal?: AbortSignal): Promise<Library> {
  const python = await findPython(signal);
  const { code, stdout } = await run(python, ['-m', 'pip', '--version'], { signal, stallMs: 60_000 });
  if (code !== 0) {
    throw new TfjsNodeUnavailableError(
      'the TensorFlow library comes through pip, and this Python has none',
      'install pip (the package python3-pip, or python3 -m ensurepip), then isoloss setup tfjs-node',
    );
  }
  progress.log.push(oneLine(stdout));
  const downloads = join(place.drafts, 'wheel');
  await mkdir(downloads, { recursive: true });
  const file = await progress.during(
    `downloading the TensorFlow library (${wheel} ${pinned}, 261 MB)`,
    () => download(python, downloads, progress, signal),
    async () => `${Math.round((await sizeOf(downloads)) / 2 ** 20)} MB`,
  );
  // As a wheel's name says it: name-version-python-abi-platform.whl.
  const version = file.split('-')[1] ?? pinned;
  const draft = join(place.drafts, 'library');
  await mkdir(draft, { recursive: true });
  const id = `${wheel}-${version}-${platform}`;
  const directory = join(place.root, 'library', id);
  await progress.during(`unpacking ${wheel} ${version}`, async () => {
    const unpacked = await run(python, ['-c', unpack, join(downloads, file), draft], { signal });
    if (unpacked.code !== 0) {
      const [reason] = unpacked.stderr.trim().split('\n').slice(-1);
      throw new TfjsNodeUnavailableError(
        `the wheel ${file} could not be unpacked: ${reason}`,
        'check that 2 GB are free in the cache folder, or set ISOLOSS_CACHE to another one',
      );
    }
    await publish(draft, directory);
  });
  return { directory, id };
}

async function download(python: string, into: string, progress: Progress, signal?: AbortSignal): Promise<string> {
  // Where pip keeps its unfinished download too, so that nothing of it stays behind and its growth can be seen.
  const env = {
    PIP_RETRIES: '0',
    PIP_DEFAULT_TIMEOUT: '20',
    ...process.env,
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    PIP_NO_INPUT: '1',
    TMPDIR: into,
  };
  let output = '';
  for (const request of requests) {
    const args = ['-m', 'pip', 'download', '--no-deps', '--only-binary=:all:', '--dest', into, ...request];
    const result = await run(python, args, { env, signal, stallMs: 90_000, watch: () => sizeOf(into) });
    const file = (await readdir(into)).find((name) => name.endsWith('.whl'));
    if (result.code === 0 && file) return file;
    output = result.stalled ? 'the download stopped for 90 s' : result.stderr || result.stdout;
    progress.log.push(`pip download ${request.join(' ')}: ${oneLine(output)}`);
  }
  const errors = output.split('\n').filter((line) => line.startsWith('ERROR'));
  throw new TfjsNodeUnavailableError(
    `pip can't get ${wheel}: ${errors.at(-1) ?? output}`,
    'check that pip reaches its package index (PIP_INDEX_URL, HTTPS_PROXY), then isoloss setup tfjs-node',
  );
}

/**
 * Streams what the binding needs out of the wheel; Python's zipfile checks the checksums on the way.
 */
const unpack = `
import os, shutil, sys, zipfile
wheel, into = sys.argv[1:]
libraries = {'libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'}
found = set()
with zipfile.ZipFile(wheel) as archive:
    for entry in archive.infolist():
        folder, _, rest = entry.filename.partition('/')
        if entry.is_dir() or folder != 'tensorflow':
            continue
        if rest in libraries:
            found.add(rest)
            rest = 'lib/' + rest
        elif not rest.startswith('include/') or '..' in rest.split('/'):
            continue
        path = os.path.join(into, *rest.split('/'))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with archive.open(entry) as source, open(path, 'wb') as target:
            shutil.copyfileobj(source, target, 1 << 20)
missing = libraries - found
if missing:
    sys.exit('it has no ' + ', '.join(sorted(missing)))
`;
