import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { copyFile, mkdir, readdir, rename, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { onInterrupt } from './interrupt.ts';
import type { TfjsNodePackage } from './locate.ts';

/** The names by which `binding.gyp` links the library, beside those that the loader looks for. */
const aliases: Record<string, string> = {
  'libtensorflow_cc.so.2': 'libtensorflow.so',
  'libtensorflow_framework.so.2': 'libtensorflow_framework.so',
};

/** Makes `deps/` as the package's `binding.gyp` wants it, of links into an unpacked TensorFlow library. */
export async function linkLibrary(library: string, deps: string): Promise<void> {
  await mkdir(join(deps, 'lib'), { recursive: true });
  await symlink(join(library, 'include'), join(deps, 'include'));
  for (const name of await readdir(join(library, 'lib'))) {
    const target = join(library, 'lib', name);
    await symlink(target, join(deps, 'lib', name));
    const alias = aliases[name];
    if (alias) await symlink(target, join(deps, 'lib', alias));
  }
}

/**
 * Puts the library's links and the binding into the package, each in one step, the binding last: if it is there, so is
 * what it needs. Only new files are made: a package manager may have linked the others to its store.
 */
export async function installBinding(tfjsNode: TfjsNodePackage, library: string, binding: string): Promise<void> {
  await inStaging(tfjsNode, async (staging) => {
    await linkLibrary(library, join(staging, 'deps'));
    await copyFile(binding, join(staging, 'tfjs_binding.node'));
    await removeBinding(tfjsNode);
    await rename(join(staging, 'deps'), join(tfjsNode.directory, 'deps'));
    await mkdir(dirname(tfjsNode.binding), { recursive: true });
    await rename(join(staging, 'tfjs_binding.node'), tfjsNode.binding);
  });
}

/** Takes the binding and the library out of the package, the binding first. */
export async function removeBinding({ directory }: TfjsNodePackage): Promise<void> {
  for (const name of ['lib', 'deps']) await rm(join(directory, name), { recursive: true, force: true });
}

const stagingPrefix = '.isoloss-';

/**
 * Does the work with a folder inside the package, which is on its file system and resolves its dependencies, and
 * removes it, with those that earlier ones were kept from removing.
 */
export async function inStaging<T>({ directory }: TfjsNodePackage, work: (staging: string) => Promise<T>): Promise<T> {
  for (const name of await readdir(directory)) {
    if (name.startsWith(stagingPrefix)) await rm(join(directory, name), { recursive: true, force: true });
  }
  const staging = join(directory, `${stagingPrefix}${randomUUID()}`);
  await mkdir(staging);
  const off = onInterrupt(() => rmSync(staging, { recursive: true, force: true }));
  try {
    return await work(staging);
  } finally {
    off();
    await rm(staging, { recursive: true, force: true });
  }
}
