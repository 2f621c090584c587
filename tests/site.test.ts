import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { catalogue } from '@isoloss/core';
import { afterAll, expect, test } from 'vitest';
import { root } from './support/markdown.ts';

mkdirSync(path.join(root, '.cache'), { recursive: true });
const site = mkdtempSync(path.join(root, '.cache/site-'));
afterAll(() => rmSync(site, { recursive: true, force: true }));

test('the site is built of all pages, without a dead link', { timeout: 600_000 }, () => {
  const { status, stderr, stdout } = spawnSync(
    process.execPath,
    [path.join(root, 'node_modules/vitepress/bin/vitepress.js'), 'build', 'docs'],
    { cwd: root, encoding: 'utf8', env: { ...process.env, ISOLOSS_SITE: site } },
  );
  expect(status, stdout + stderr).toBe(0);
  const pages = ['index', 'docs/index', 'docs/start', 'docs/recipes/ranking', 'packages/wasm/index'];
  for (const page of [...pages, ...[...catalogue.keys()].map((id) => `docs/losses/${id}`)])
    expect(existsSync(path.join(site, `${page}.html`)), page).toBe(true);
  // What pages link to beside pages is there as well.
  expect(existsSync(path.join(site, 'packages/conformance/vectors/huber.json'))).toBe(true);
  // The sidebar has every page that stands in docs/ itself.
  const shown = readFileSync(path.join(site, 'docs/start.html'), 'utf8');
  for (const page of ['concepts', 'numbers', 'protocol', 'vectors', 'from-keras', 'writing-a-backend', 'choosing'])
    expect(shown, page).toContain(`href="/docs/${page}.html"`);
});
