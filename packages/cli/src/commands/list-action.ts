import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { CatalogueEntry, LossDefinition } from '@isoloss/core';
import { UsageError } from '../errors.ts';
import { print, printJSON, terminalWidth } from '../output.ts';
import type { ListFlags } from './list.ts';

export async function list({ family, search, json }: ListFlags): Promise<void> {
  const all = search === undefined ? await fromFile() : await having(search);
  const families = [...new Set((search === undefined ? all : await fromFile()).map((entry) => entry.family))].sort();
  if (family !== undefined && !families.includes(family))
    throw new UsageError(`there is no family ${JSON.stringify(family)}; there are ${families.join(', ')}`);
  const found = all.filter((entry) => family === undefined || entry.family === family);
  if (json) printJSON(found);
  else if (found.length === 0) print(`No loss has all of ${JSON.stringify(search)}; isoloss list shows what there is.`);
  else printFamilies(families, found);
}

/** What core's definitions generate, without loading them: a list must come at once. */
async function fromFile(): Promise<readonly CatalogueEntry[]> {
  const path = createRequire(import.meta.url).resolve('@isoloss/core/catalogue.json');
  return (JSON.parse(await readFile(path, 'utf8')) as { losses: CatalogueEntry[] }).losses;
}

/** The losses that have all the words somewhere; the file has not all that they say of themselves. */
async function having(search: string): Promise<readonly CatalogueEntry[]> {
  const { catalogue, describeLoss } = await import('@isoloss/core');
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return [...catalogue.values()]
    .filter((definition) => words.every((word) => searchText(definition).includes(word)))
    .map(describeLoss);
}

function searchText({ id, aliases, family, about }: LossDefinition): string {
  const { summary, formula, use, conventions = [], sources, names = {} } = about ?? { sources: [] };
  return [id, ...aliases, family, summary, formula, use, ...conventions, ...sources, ...Object.values(names)]
    .join(' ')
    .toLowerCase();
}

function printFamilies(families: readonly string[], found: readonly CatalogueEntry[]): void {
  const width = Math.max(...found.map(({ id }) => id.length));
  for (const family of families) {
    const losses = found.filter((entry) => entry.family === family);
    if (losses.length === 0) continue;
    print(`${family}\n`);
    for (const { id, aliases, summary } of losses)
      print(cut(`  ${id.padEnd(width)}  ${summary}${aliases.length > 0 ? ` (${aliases.join(', ')})` : ''}`));
    print('');
  }
  print(`${found.length} ${found.length === 1 ? 'loss' : 'losses'}; isoloss show <loss> says more.`);
}

const cut = (line: string): string => {
  const width = terminalWidth();
  return line.length > width ? `${line.slice(0, width - 1)}…` : line;
};
