import { cpSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { publish } from '../src/node/cache.ts';
import type { LibraryPlace } from '../src/node/library.ts';

const made: string[] = [];

export function temporary(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'isoloss-test-')));
  made.push(folder);
  return folder;
}

export function removeTemporary(): void {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
}

/** The installed tfjs-node's folder. */
const installed = dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-node/package.json'));

/** A second clone of the installed tfjs-node, as it is before any set-up. */
export function freshClone(): string {
  const modules = join(temporary(), 'node_modules');
  const clone = join(modules, '@tensorflow', 'tfjs-node');
  const set = new Set(['deps', 'lib', 'build'].map((name) => join(installed, name)));
  cpSync(installed, clone, { recursive: true, verbatimSymlinks: true, filter: (source) => !set.has(source) });
  const require = createRequire(join(installed, 'package.json'));
  for (const name of [
    '@mapbox/node-pre-gyp',
    '@tensorflow/tfjs',
    'adm-zip',
    'https-proxy-agent',
    'progress',
    'rimraf',
    'tar',
  ]) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(dirname(require.resolve(`${name}/package.json`)), join(modules, name));
  }
  return clone;
}

/** A package that loads if its binding says `good` and its library says `good`, and crashes if either says `crash`. */
export function fakePackage(): string {
  const folder = temporary();
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: '@tensorflow/tfjs-node', version: '4.22.0' }));
  writeFileSync(join(folder, 'binding.gyp'), '');
  writeFileSync(
    join(folder, 'index.js'),
    `const { readFileSync } = require('node:fs');
    for (const file of ['lib/napi-v8/tfjs_binding.node', 'deps/lib/libtensorflow.so']) {
      const text = readFileSync(__dirname + '/' + file, 'utf8');
      if (text === 'crash') process.abort();
      if (text !== 'good') throw new Error(file + ' is broken');
    }
    module.exports = {
      grad: () => () => ({ dataSync: () => [2, 4] }), tensor1d: () => {}, getBackend: () => 'tensorflow',
      backend: () => ({ binding: { TF_Version: '1.2.3' } }),
    };`,
  );
  return folder;
}

export const libraryId = `tensorflow-cpu-2.21.0-${process.platform}-${process.arch}`;

/** What stands for the library of 1 GB. */
export async function publishFakeLibrary({ root, drafts }: LibraryPlace, content = 'good') {
  const draft = join(drafts, 'library');
  mkdirSync(join(draft, 'lib'), { recursive: true });
  mkdirSync(join(draft, 'include'));
  writeFileSync(join(draft, 'lib', 'libtensorflow_cc.so.2'), content);
  writeFileSync(join(draft, 'lib', 'libtensorflow_framework.so.2'), 'good');
  const directory = join(root, 'library', libraryId);
  await publish(draft, directory);
  return { directory, id: libraryId };
}

/** What the set-up left in a package: nothing, if it failed. */
export function leftIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => name === 'deps' || name === 'lib' || name.startsWith('.isoloss'));
}
