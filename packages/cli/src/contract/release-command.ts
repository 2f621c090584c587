import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { BackendDescription, CatalogueEntry } from '@isoloss/core';
import type { Against } from '../conformance/against.ts';
import { messageOf, oneLine, UnavailableError, UsageError } from '../errors.ts';
import type { Release } from './release.ts';

/** How a release is run: by what it promises to every later version, its command, its catalogue and its vectors. */
export interface ReleaseRunner {
  /** The command line of its backends by the line protocol. */
  serve(backend: string): string[];
  /** What it says of its backends, here; undefined: they are this command's. */
  backends: (() => Promise<BackendDescription[]>) | undefined;
  catalogue(): Promise<CatalogueEntry[]>;
  /** The folder of its vectors. */
  readonly vectors: string;
  /** Where its definitions are. */
  readonly definitions: Against['definitions'];
}

/** A release of isoloss: it has a command of its own. */
export function ownRunner(release: Release): ReleaseRunner {
  const { folder, name, version } = release;
  const command = [process.execPath, binOf(release)];
  return {
    serve: (backend) => [...command, 'serve', '--backend', backend],
    backends: () => output([...command, 'backends', '--json']),
    async catalogue() {
      const file = join(folder, '@isoloss/core/catalogue.json');
      try {
        return JSON.parse(await readFile(file, 'utf8')).losses;
      } catch (error) {
        throw new UsageError(`${name} ${version} has no catalogue that can be read: ${messageOf(error)}`);
      }
    },
    vectors: join(folder, '@isoloss/conformance/vectors'),
    definitions: { folder },
  };
}

/** A release of a package of losses: this command runs it. */
export function packageRunner({ folder, packages, name, version }: Release): ReleaseRunner {
  const { losses, vectors } = packages.find(({ manifest }) => manifest.name === name)!.manifest.isoloss ?? {};
  const own = join(folder, name);
  if (losses === undefined || vectors === undefined)
    throw new UsageError(`${name} ${version} names no losses and vectors in the "isoloss" of its package.json`);
  const command = [process.execPath, fileURLToPath(new URL('../../bin/isoloss.js', import.meta.url))];
  return {
    serve: (backend) => [...command, 'serve', '--backend', backend, '--package', own],
    backends: undefined,
    catalogue: () => output([...command, 'list', '--json', '--package', own]),
    vectors: join(own, vectors),
    definitions: { module: join(own, losses) },
  };
}

function binOf({ packages, name }: Release): string {
  const { folder, manifest } = packages.find((one) => one.manifest.name === name)!;
  const { bin = {} } = manifest;
  const file = typeof bin === 'string' ? bin : bin[name];
  if (file === undefined) throw new UsageError(`${name} ${manifest.version} has no command ${name}`);
  return join(folder, file);
}

/** What a command prints as JSON. */
async function output<T>([program, ...args]: readonly string[]): Promise<T> {
  try {
    const { stdout } = await promisify(execFile)(program!, args, { timeout: 120_000, maxBuffer: 2 ** 24 });
    return JSON.parse(stdout);
  } catch (error) {
    // Its own line says why; that it failed is what the error itself would say.
    const { stderr } = error as { stderr?: string };
    throw new UnavailableError(`the release fails: ${stderr?.trim() ? oneLine(stderr) : messageOf(error)}`);
  }
}
