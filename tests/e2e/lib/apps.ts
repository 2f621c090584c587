import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** The names of the examples in a tree. */
export const appNames = (root: string): string[] =>
  readdirSync(path.join(root, 'apps')).filter((name) => existsSync(path.join(root, 'apps', name, 'package.json')));

/** Copies an example out of a tree, as its README tells, with a release instead of the tree's own packages. */
export function copyApp({
  root,
  name,
  to,
  release,
}: {
  root: string;
  name: string;
  to: string;
  release: string;
}): void {
  const from = path.join(root, 'apps', name);
  cpSync(from, to, { recursive: true, filter: (file) => !/^(node_modules|out)$/.test(path.basename(file)) });
  const file = path.join(to, 'package.json');
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll('"workspace:*"', JSON.stringify(release)));
}
