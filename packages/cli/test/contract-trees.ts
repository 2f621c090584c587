import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { execute, type Outcome, root } from './command.ts';

/** The packages of a fabricated tree, by folder. */
const folders = ['core', 'wasm', 'conformance', 'onnx', 'tfjs', 'cli'] as const;

/** The runtimes of onnx and tfjs take seconds to load: a tree has none unless it asks for it. */
const isRuntime = (name: string): boolean => /^(onnxruntime-node|@tensorflow\/.*)$/.test(name);

export interface Change {
  /** Below the folder packages. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** A built tree of its own, as a copy of ours: one that may be changed, released and compared. */
export class Fabricated {
  readonly folder: string;

  /** With the vectors of some losses, so that packing it takes a moment. */
  constructor(folder: string, version: string, losses: readonly string[]) {
    this.folder = folder;
    for (const name of folders) this.#copy(name, version, losses);
    this.provide('@changesets/cli', '.');
    const config = JSON.parse(readFileSync(join(root, '.changeset/config.json'), 'utf8'));
    const here = (name: string) => existsSync(join(folder, 'node_modules', name));
    const fixed = config.fixed.map((group: string[]) => group.filter(here));
    mkdirSync(join(folder, '.changeset'));
    writeFileSync(join(folder, '.changeset/config.json'), JSON.stringify({ ...config, fixed }));
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'tree', private: true }));
    writeFileSync(join(folder, 'pnpm-workspace.yaml'), 'packages:\n  - packages/*\n');
  }

  /** What is packed of a package, but for its sources: it runs what is built. */
  #copy(name: string, version: string, losses: readonly string[]): void {
    const [from, to] = [join(root, 'packages', name), join(this.folder, 'packages', name)];
    const manifest = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8'));
    mkdirSync(to, { recursive: true });
    for (const part of [...manifest.files, 'README.md'].filter((one: string) => one !== 'src' && !one.startsWith('!')))
      if (existsSync(join(from, part)))
        cpSync(join(from, part), join(to, part), {
          recursive: true,
          filter: (file) =>
            !/\.map$|\.tsbuildinfo$/.test(file) &&
            (!/vectors[\\/]\w+\.json$/.test(file) || losses.includes(basename(file, '.json'))),
        });
    writeFileSync(join(to, 'package.json'), JSON.stringify({ ...manifest, version }, null, 2));
    this.#link(to, manifest.name);
    for (const dependency of Object.keys(manifest.dependencies))
      if (!isRuntime(dependency) && !dependency.startsWith('@isoloss/'))
        this.provide(dependency, join('packages', name));
  }

  /** Puts a dependency of ours beside the packages. */
  provide(name: string, from: string): void {
    this.#link(realpathSync(join(root, from, 'node_modules', name)), name);
  }

  #link(target: string, name: string): void {
    const path = join(this.folder, 'node_modules', name);
    if (existsSync(path)) return;
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(target, path, 'junction');
  }

  /** Changes one line of what is built; the text must be there exactly once. */
  change({ file, from, to }: Change): () => void {
    const path = join(this.folder, 'packages', file);
    const text = readFileSync(path, 'utf8');
    if (text.split(from).length !== 2) throw new Error(`${file} has not one ${JSON.stringify(from)}`);
    writeFileSync(
      path,
      text.replace(from, () => to),
    );
    return () => writeFileSync(path, text);
  }

  /** Its pending changesets: none but one of this bump. */
  pending(bump: 'patch' | 'minor' | 'major' | undefined): void {
    const file = join(this.folder, '.changeset/pending.md');
    if (bump === undefined) rmSync(file, { force: true });
    else writeFileSync(file, `---\n"@isoloss/core": ${bump}\n---\n\nWhat changed.\n`);
  }

  /** Packs every package, as a release has them. */
  pack(into: string): void {
    mkdirSync(into, { recursive: true });
    for (const name of readdirSync(join(this.folder, 'packages')))
      execFileSync('tar', ['-czf', join(into, `${name}.tgz`), '-C', join(this.folder, 'packages'), name]);
  }

  /** Runs the command of this tree. */
  isoloss(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Outcome> {
    return execute(process.execPath, [join(this.folder, 'packages/cli/bin/isoloss.js'), ...args], {
      cwd: this.folder,
      // The tree decides what is loaded, whatever the tests run on; and nothing comes from a network.
      env: { NODE_OPTIONS: '', npm_config_registry: 'http://127.0.0.1:9/', ...env },
    });
  }
}
