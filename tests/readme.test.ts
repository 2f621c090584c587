import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '..');

/** Fenced blocks of a Markdown file: what is to be run, with the output that is printed below it, if any. */
function examples(markdown: string): { title: string; code: string; output: string | undefined }[] {
  const blocks = [...markdown.matchAll(/^## (.+)$|^```(\w+)\n([\s\S]*?)^```$/gm)];
  let title = '';
  return blocks.flatMap((block, k) => {
    if (block[1] !== undefined) title = block[1];
    if (block[2] !== 'js') return [];
    const next = blocks[k + 1];
    return [{ title, code: block[3]!, output: next?.[2] === 'text' ? next[3] : undefined }];
  });
}

describe('the examples of READMEs run, and print what they say', () => {
  // Inside the workspace, where the packages resolve to what was built, as they do for a user.
  mkdirSync(path.join(root, '.cache'), { recursive: true });
  const folder = mkdtempSync(path.join(root, '.cache/readme-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const all = ['README.md', 'packages/wasm/README.md', 'docs/choosing.md'].flatMap((page) =>
    examples(readFileSync(path.join(root, page), 'utf8')).map((example) => ({ ...example, page })),
  );
  test('there are some', () => expect(all.length).toBeGreaterThanOrEqual(10));

  test.each(all)('$page: $title', { timeout: 240_000 }, ({ page, title, code, output }) => {
    const file = path.join(folder, `${`${page} ${title}`.replace(/\W+/g, '-')}.mjs`);
    writeFileSync(file, code);
    const { status, stdout, stderr } = spawnSync(process.execPath, [file], { cwd: folder, encoding: 'utf8' });
    expect(status, stderr).toBe(0);
    if (output !== undefined) expect(stdout).toBe(output);
  });
});
