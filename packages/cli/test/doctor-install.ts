import { cpSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execute, type Outcome, type RunOptions, root } from './command.ts';

/** What a package of the fake install holds, by path. */
export type Files = Readonly<Record<string, string>>;

/**
 * An installation of its own in a temporary folder, flat as npm makes it: our packages copied as they are built, so that
 * they see what is beside them and nothing of the workspace; other packages are what the test says.
 */
export function install(): {
  folder: string;
  put(name: string, files: Files): void;
  /** Without taking away what is there. */
  add(name: string, files: Files): void;
  copy(name: string, from: string, to: string): void;
  drop(name: string): void;
  run(args: readonly string[], options?: RunOptions): Promise<Outcome>;
  remove(): void;
} {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'isoloss-install-')));
  const modules = join(folder, 'node_modules');
  for (const [name, from] of [
    ['isoloss', 'cli'],
    ['@isoloss/core', 'core'],
    ['@isoloss/onnx', 'onnx'],
    ['@isoloss/tfjs', 'tfjs'],
    ['@isoloss/wasm', 'wasm'],
  ] as const) {
    const [source, target] = [join(root, 'packages', from), join(modules, name)];
    mkdirSync(target, { recursive: true });
    for (const part of ['package.json', 'dist', 'bin', 'schemas'])
      if (existsSync(join(source, part))) cpSync(join(source, part), join(target, part), { recursive: true });
  }
  for (const [name, from] of [
    ['zod', 'core'],
    ['commander', 'cli'],
  ] as const)
    symlinkSync(realpathSync(join(root, 'packages', from, 'node_modules', name)), join(modules, name));
  const bin = join(modules, 'isoloss/bin/isoloss.js');
  const add = (name: string, files: Files) => {
    for (const [path, text] of Object.entries(files)) {
      const file = join(modules, name, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
  };
  const drop = (name: string) => rmSync(join(modules, name), { recursive: true, force: true });
  return {
    folder,
    drop,
    put(name, files) {
      drop(name);
      add(name, files);
    },
    add,
    copy: (name, from, to) => cpSync(from, join(modules, name, to), { recursive: true }),
    run: (args, options) => execute(process.execPath, [bin, ...args], { cwd: folder, ...options }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** An onnxruntime-node that does this when it is loaded. */
export const fakeRuntime = (code: string): Files => ({
  'package.json': JSON.stringify({
    name: 'onnxruntime-node',
    version: '1.30.0',
    main: 'index.js',
    scripts: { postinstall: 'node ./script/install' },
  }),
  'index.js': code,
  [`bin/napi-v6/${process.platform}/${process.arch}/onnxruntime_binding.node`]: 'binding',
});
