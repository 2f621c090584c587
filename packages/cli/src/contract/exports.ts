import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf } from '../errors.ts';
import type { Finding } from './types.ts';

/** What can be imported from a package: by entry point, the names; undefined for what holds none (JSON, folders). */
export type Exports = ReadonlyMap<string, ReadonlySet<string> | undefined>;

/** What became of a package's entry points and of the names that they export, types included. */
export function compareExports(subject: string, before: Exports, after: Exports): Finding[] {
  const findings: Finding[] = [];
  const say = (change: Finding['class'], what: string) =>
    findings.push({ class: change, area: 'exports', subject, what });
  for (const [entry, names] of before) {
    const now = after.get(entry);
    if (!after.has(entry)) say('major', `the entry point ${at(subject, entry)} is gone`);
    else if (names !== undefined) {
      const from = entry === '.' ? '' : ` from ${at(subject, entry)}`;
      for (const name of names) if (!now?.has(name)) say('major', `${name} isn’t exported${from} any more`);
      for (const name of now ?? []) if (!names.has(name)) say('minor', `a new export${from}, ${name}`);
    }
  }
  for (const entry of after.keys()) if (!before.has(entry)) say('minor', `a new entry point, ${at(subject, entry)}`);
  return findings;
}

const at = (name: string, entry: string): string => `${name}${entry.slice(1)}`;

interface Manifest {
  readonly exports?: unknown;
  readonly types?: string;
}

/**
 * The entry points of a package on disk and what they export, read from their declarations, so that nothing is run and
 * types are seen.
 * @throws Error that names the file that can't be read
 */
export async function exportsOf(folder: string, { exports, types }: Manifest): Promise<Exports> {
  const entries: [string, unknown][] =
    exports === undefined
      ? types === undefined
        ? []
        : [['.', { types }]]
      : typeof exports === 'object' && exports !== null && Object.keys(exports).some((key) => key.startsWith('.'))
        ? Object.entries(exports)
        : [['.', exports]];
  const found = new Map<string, ReadonlySet<string> | undefined>();
  for (const [entry, target] of entries) {
    const declarations = (target as { types?: unknown } | null)?.types;
    found.set(entry, typeof declarations === 'string' ? await namesOf(join(folder, declarations)) : undefined);
  }
  return found;
}

/** Statements of a declaration file as tsc writes them: each begins its line. */
const statements = {
  all: /^export \* from ['"](.+)['"]/gm,
  namespace: /^export \* as (\w+) from/gm,
  list: /^export (?:type )?\{([^}]*)\}/gm,
  declared:
    /^export (?:declare )?(?:abstract )?(?:async )?(?:const|let|var|function|class|interface|type|enum|namespace) ([\w$]+)/gm,
};

async function namesOf(file: string, seen: Set<string> = new Set()): Promise<Set<string>> {
  const names = new Set<string>();
  if (seen.has(file)) return names;
  seen.add(file);
  const text = await declarations(file);
  for (const [, list] of text.matchAll(statements.list))
    for (const part of list!.split(',').map((word) => word.trim()))
      if (part !== '')
        names.add(
          part
            .replace(/^type /, '')
            .split(/\s+as\s+/)
            .at(-1)!,
        );
  for (const [, name] of text.matchAll(statements.declared)) names.add(name!);
  for (const [, name] of text.matchAll(statements.namespace)) names.add(name!);
  // What is passed on of another package is that package's to keep.
  for (const [, from] of text.matchAll(statements.all))
    if (from!.startsWith('.'))
      for (const name of await namesOf(join(dirname(file), from!), seen)) if (name !== 'default') names.add(name);
  return /^export default /m.test(text) ? names.add('default') : names;
}

async function declarations(file: string): Promise<string> {
  try {
    return await readFile(/\.d\.[cm]?ts$/.test(file) ? file : file.replace(/\.([cm]?)[jt]s$/, '.d.$1ts'), 'utf8');
  } catch (error) {
    throw new Error(`the declarations of an entry point can’t be read: ${messageOf(error)}`);
  }
}
