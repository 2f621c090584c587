import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { UsageError } from './errors.ts';
import { type Names, namesFrom } from './names.ts';

/** What package is wanted, and where. */
export interface CreateRequest {
  /** Of the package, as npm has it: `soft-band`, `@me/soft-band`. The loss is called softBand then. */
  readonly name: string;
  /** Where it goes; a folder of the package's name where left out. */
  readonly folder?: string | undefined;
  /** Write into a folder that has files: those of the same names are replaced, no other is touched. */
  readonly force?: boolean | undefined;
}

/** What was made. */
export interface Created {
  readonly name: string;
  /** The id of the loss. */
  readonly id: string;
  /** Absolute. */
  readonly folder: string;
  /** What was written, relative to the folder. */
  readonly files: readonly string[];
}

const template = fileURLToPath(new URL('../template', import.meta.url));
const manifest = fileURLToPath(new URL('../package.json', import.meta.url));

/** npm leaves these out when it packs, or takes them for its own; the template has them by other names. */
const renamed: ReadonlyMap<string, string> = new Map([
  ['_gitignore', '.gitignore'],
  ['_npmrc', '.npmrc'],
  // Tools take a package.json for that of a package, wherever it lies.
  ['_package.json', 'package.json'],
]);

/** What a build or a run leaves in the template's own folder is no part of it. */
const left = new Set(['node_modules', 'dist', '__pycache__']);

/**
 * Makes the folder of a package of one loss: definition, oracle, vectors, test.
 * @throws UsageError for a name that can't be one, a folder that is not empty
 */
export function createPackage({ name, folder: given, force = false }: CreateRequest): Created {
  const names = namesFrom(name);
  const folder = path.resolve(given ?? names.base);
  checkFolder(folder, force);
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  const files = filesOf(template).map((file) => {
    const text = fill(readFileSync(path.join(template, file), 'utf8'), names, version);
    const own = fill(path.join(path.dirname(file), renamed.get(path.basename(file)) ?? path.basename(file)), names);
    mkdirSync(path.dirname(path.join(folder, own)), { recursive: true });
    writeFileSync(path.join(folder, own), text);
    return own;
  });
  return { name, id: names.id, folder, files: files.sort() };
}

function checkFolder(folder: string, force: boolean): void {
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isDirectory()) throw new UsageError(`${folder} is a file; choose another place with --folder`);
  // A repository that was just made is as good as empty.
  const inside = readdirSync(folder).filter((name) => name !== '.git');
  if (inside.length > 0 && !force)
    throw new UsageError(
      `${folder} is not empty; choose another name or place (--folder), or --force writes beside what is there`,
    );
}

function filesOf(folder: string, below = ''): string[] {
  return readdirSync(path.join(folder, below), { withFileTypes: true }).flatMap((entry) => {
    const name = path.join(below, entry.name);
    if (left.has(entry.name)) return [];
    return entry.isDirectory() ? filesOf(folder, name) : [name];
  });
}

/**
 * The template is a package itself, called my-loss: its names give way to the new ones. Where `my-loss` is a file it is
 * without the scope.
 */
function fill(text: string, { name, base, id, module }: Names, version = ''): string {
  return text
    .replaceAll(/my-loss(?=\.[jt]s\b)/g, base)
    .replaceAll('my-loss', name)
    .replaceAll('myLoss', id)
    .replaceAll('my_loss', module)
    .replaceAll('"ISOLOSS"', `"^${version}"`);
}

/** The package manager that `npm create`, `pnpm create`, … was called with. */
export function packageManager(agent: string | undefined = process.env.npm_config_user_agent): string {
  const name = /^(npm|pnpm|yarn|bun)\//.exec(agent ?? '')?.[1];
  return name ?? 'npm';
}
