import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { CatalogueEntry, LossDefinition } from '@isoloss/core';
import { UsageError } from '../errors.ts';
import { familiesOf } from '../families.ts';
import { print, printJSON, terminalWidth, wrap } from '../output.ts';
import { loadedPackages } from '../packages/loaded.ts';
import type { ListFlags } from './list.ts';

export async function list({ family, search, json }: ListFlags): Promise<void> {
  const packages = loadedPackages().length > 0;
  const every = packages ? await ofPackages() : await fromFile();
  const all = search === undefined ? every : await having(search, every);
  const families = familiesOf(every);
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
async function having(search: string, every: readonly CatalogueEntry[]): Promise<readonly CatalogueEntry[]> {
  const { catalogue } = await import('@isoloss/core');
  const words = fold(search).split(/\s+/).filter(Boolean).map(singular);
  return every.filter(({ id }) => {
    const text = searchText(catalogue.get(id)!);
    return words.every((word) => text.includes(word));
  });
}

/** Those of the packages alone: who names one asks what is in it. */
async function ofPackages(): Promise<readonly CatalogueEntry[]> {
  const { catalogue, describeLoss } = await import('@isoloss/core');
  return loadedPackages().flatMap(({ losses }) => losses.map((id) => describeLoss(catalogue.get(id)!)));
}

function searchText({ id, aliases, family, about }: LossDefinition): string {
  const { summary, formula, use, conventions = [], sources, names = {} } = about ?? { sources: [] };
  const elsewhere = Object.entries(names).flat();
  return fold([id, ...aliases, family, summary, formula, use, ...conventions, ...sources, ...elsewhere].join('\n'));
}

/** One spelling of what has several: multi-label and multilabel, regularize and regularise. */
const fold = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[-‐]/g, '')
    .replace(/iz(?=e|i|a)/g, 'is');

/** `faces` finds face too. */
const singular = (word: string): string => (/[^su]s$/.test(word) && word.length > 3 ? word.slice(0, -1) : word);

function printFamilies(families: readonly string[], found: readonly CatalogueEntry[]): void {
  const lineWidth = Math.min(terminalWidth(), 100);
  for (const family of families) {
    const losses = found.filter((entry) => entry.family === family);
    if (losses.length === 0) continue;
    const indent = ' '.repeat(Math.max(...losses.map(({ id }) => id.length)) + 4);
    print(`${family}\n`);
    for (const { id, aliases, summary } of losses) {
      const text = `${summary}${aliases.length > 0 ? ` (${aliases.join(', ')})` : ''}`;
      print(`  ${id}`.padEnd(indent.length) + wrap(text, indent, lineWidth).trimStart());
    }
    print('');
  }
  print(`${found.length} ${found.length === 1 ? 'loss' : 'losses'}; isoloss show <loss> says more.`);
}
