import { readFileSync } from 'node:fs';
import path from 'node:path';

/** A fenced block of a Markdown page, with what is said about it in the comment just above it. */
export interface Block {
  readonly page: string;
  /** Of the opening fence, from 1. */
  readonly line: number;
  readonly language: string;
  readonly code: string;
  /** `<!-- not run: needs tfjs-node -->` is `{ kind: 'not run', text: 'needs tfjs-node' }`. */
  readonly marker: { readonly kind: Marker; readonly text: string } | undefined;
}

/**
 * - `not run`: the block can't be run by a test, and why;
 * - `file`: the block is this file, in the folder where the later blocks of the page run;
 * - `same as`: the block is this file of the repository, relative to the page, which is tested where it is;
 * - `output varies`: what is printed differs from run to run, and why.
 */
type Marker = (typeof markers)[number];
const markers = ['not run', 'file', 'same as', 'output varies'] as const;

export const root = path.resolve(import.meta.dirname, '../..');
export const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

export function blocksOf(page: string): Block[] {
  const lines = read(page).split('\n');
  const blocks: Block[] = [];
  for (let k = 0; k < lines.length; k++) {
    const fence = /^```(\w*)\s*$/.exec(lines[k]!);
    if (fence === null) continue;
    const start = k;
    do k++;
    while (k < lines.length && lines[k] !== '```');
    blocks.push({
      page,
      line: start + 1,
      language: fence[1]!,
      code: lines
        .slice(start + 1, k)
        .map((line) => `${line}\n`)
        .join(''),
      marker: markerAbove(lines, start),
    });
  }
  return blocks;
}

function markerAbove(lines: readonly string[], fence: number): Block['marker'] {
  let above = fence - 1;
  if (lines[above]?.trim() === '') above--;
  const comment = /^<!-- ([a-z ]+): (.+) -->$/.exec(lines[above] ?? '');
  const kind = markers.find((marker) => marker === comment?.[1]);
  return kind === undefined ? undefined : { kind, text: comment![2]! };
}

/** What stands in code is neither a link nor a heading. */
const withoutCode = (text: string): string =>
  text.replace(/^```[\s\S]*?^```$/gm, '').replace(/(`+)(?!`)[^\n]*?[^`\n]\1(?!`)/g, '');

/** Where the links of a page go, as they are written. */
export function linksOf(page: string): string[] {
  const text = withoutCode(read(page));
  const inline = [...text.matchAll(/\]\((?:<([^>]*)>|([^\s)]+))(?:\s+"[^"]*")?\)/g)].map((m) => m[1] ?? m[2]!);
  const named = [...text.matchAll(/^\[[^\]]+\]:\s+(\S+)/gm)].map((m) => m[1]!);
  return [...inline, ...named];
}

/** The anchors of a page, as GitHub makes them of its headings. */
export function anchorsOf(page: string): Set<string> {
  const anchors = new Set<string>();
  const text = read(page).replace(/^```[\s\S]*?^```$/gm, '');
  for (const [, heading] of text.matchAll(/^#{1,6} +(.+?)\s*#*$/gm)) {
    const slug = heading!
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M} _-]/gu, '')
      .replaceAll(' ', '-');
    let anchor = slug;
    for (let k = 1; anchors.has(anchor); k++) anchor = `${slug}-${k}`;
    anchors.add(anchor);
  }
  for (const [, id] of text.matchAll(/<a (?:id|name)="([^"]+)"/g)) anchors.add(id!);
  return anchors;
}
