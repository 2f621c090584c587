import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { catalogue, version } from '@isoloss/core';
import { describe, expect, test } from 'vitest';
import { publicPackages } from '../scripts/lib/packages.mjs';

const root = path.resolve(import.meta.dirname, '..');
const git = (...args: string[]): string[] =>
  execFileSync('git', args, { cwd: root, encoding: 'utf8' }).split('\n').filter(Boolean);
const tracked = git('ls-files');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const sources = tracked.filter((file) => /\.(ts|mjs|py)$/.test(file) && !/generated/.test(file));

describe('the repository', () => {
  test('generated files are as their sources have them', () => {
    const { status, stderr } = spawnSync(process.execPath, ['scripts/generate.mjs', '--check'], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });

  test('the lock file names no place to download from', () => {
    expect(read('pnpm-lock.yaml')).not.toMatch(/tarball:|resolved:|https?:\/\//);
  });

  test('no file is longer than 500 lines', () => {
    expect(sources.filter((file) => read(file).split('\n').length > 501)).toEqual([]);
  });

  test('lowerings stay under 400 lines and name no loss', () => {
    const names = [...catalogue.values()].flatMap(({ id, aliases }) => [id, ...aliases]);
    for (const file of sources.filter((name) => /^packages\/(onnx|tfjs)\/src\//.test(name))) {
      const text = read(file).replace(/^ *(\/?\*|\/\/).*$/gm, ''); // examples in comments may
      if (/lower[^/]*\.ts$/.test(file)) expect(text.split('\n').length, file).toBeLessThan(400);
      for (const name of names) expect(text, `${name} in ${file}`).not.toMatch(new RegExp(`\\b${name}\\b`));
    }
  });

  test('a loss is one file, named after it, with vectors and an oracle', () => {
    const kebab = (id: string) => id.replace(/([a-z0-9])([A-Z])/g, '$1-$2').toLowerCase();
    const losses = tracked.filter((file) => /^packages\/core\/src\/losses\/[^/]+\/[^/]+\.ts$/.test(file));
    expect(losses.length).toBe(catalogue.size);
    for (const id of catalogue.keys()) {
      expect(
        losses.map((file) => path.basename(file, '.ts').replaceAll('-', '')),
        id,
      ).toContain(kebab(id).replaceAll('-', ''));
      expect(tracked, id).toContain(`packages/conformance/vectors/${id}.json`);
    }
  });

  test('every changeset says of which packages it is, and how large', () => {
    // A formatter that takes the front matter for prose makes the next release fail, and nothing before it.
    const changesets = tracked.filter((file) => /^\.changeset\/.*\.md$/.test(file));
    for (const file of changesets)
      expect(read(file), file).toMatch(/^---\n+(["'].+["']: (patch|minor|major)\n)+---\n\n\S/);
  });

  test('what is published together is what is published', () => {
    const { fixed } = JSON.parse(read('.changeset/config.json'));
    expect(fixed).toEqual([
      publicPackages(root)
        .map(({ name }) => name)
        .sort(),
    ]);
  });

  test('every package is of one version', () => {
    const manifests = tracked
      .filter((file) => /^packages\/[^/]+\/package\.json$/.test(file))
      .map((file) => JSON.parse(read(file)));
    for (const manifest of manifests) expect(manifest.version, manifest.name).toBe(version);
  });
});
