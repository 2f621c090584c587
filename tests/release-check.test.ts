import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { apiOf, compareFiles } from '../tools/release/gates/api.mjs';
import { install, loadProblems, typeProblems } from '../tools/release/gates/consumers.mjs';
import { isAllowed, licenceProblems } from '../tools/release/gates/licences.mjs';
import { attwProblems, publintProblems } from '../tools/release/gates/lint.mjs';
import { checkManifests } from '../tools/release/gates/manifest.mjs';
import { sizeProblems } from '../tools/release/gates/sizes.mjs';
import { unusedProblems } from '../tools/release/gates/unused.mjs';
import { pack, packageAt } from '../tools/release/packages.mjs';

const root = path.resolve(import.meta.dirname, '..');
const check = (...args: string[]) =>
  spawnSync(process.execPath, ['tools/release/check.mjs', ...args], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1e8,
  });

test('everything is ready for release', { timeout: 900_000 }, () => {
  const { status, stdout, stderr } = check('--json');
  const report = JSON.parse(stdout || '{}');
  expect(
    report.gates?.flatMap(({ problems }: { problems: unknown[] }) => problems),
    stderr,
  ).toEqual([]);
  expect(report).toMatchObject({ schema: 'isoloss-release-check/1', ok: true });
  expect(report.gates.map(({ name }: { name: string }) => name).sort()).toEqual([
    'api',
    'attw',
    'build',
    'consumers',
    'licences',
    'load',
    'manifest',
    'publint',
    'reference',
    'sizes',
    'unused',
  ]);
  expect(report.packages.map(({ name }: { name: string }) => name)).toContain('@isoloss/core');
  expect(status).toBe(0);
});

test('a wrong command says what there is', () => {
  const { status, stderr } = check('--only', 'sice');
  expect(status).toBe(2);
  expect(stderr).toMatch(/^release:check: there is no sice; there are build, manifest, .*\n$/);
  expect(check('--fix').status).toBe(2);
  expect(check('--help').stdout).toContain('Examples:');
});

describe('each gate refuses what it is there for', { timeout: 120_000 }, () => {
  const made: string[] = [];
  afterEach(() => {
    for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
  });
  const temporary = () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'isoloss-release-test-'));
    made.push(folder);
    return folder;
  };
  const write = (folder: string, files: Record<string, string | object>) => {
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
      writeFileSync(path.join(folder, file), typeof text === 'string' ? text : JSON.stringify(text));
    }
    return folder;
  };
  const repository = 'https://github.com/isoloss/isoloss';
  const manifest = {
    name: '@isoloss/sound',
    version: '1.0.0',
    description: 'A package that has all it needs',
    keywords: ['loss', 'test', 'release', 'check'],
    homepage: `${repository}/tree/main/packages/sound#readme`,
    bugs: `${repository}/issues`,
    repository: { type: 'git', url: `git+${repository}.git`, directory: 'packages/sound' },
    license: 'Apache-2.0',
    author: 'The isoloss authors',
    type: 'module',
    sideEffects: false,
    engines: { node: '>=20.19' },
    publishConfig: { access: 'public', provenance: true },
    exports: { '.': { types: './dist/index.d.ts', default: './dist/index.js' }, './package.json': './package.json' },
    files: ['dist', 'src'],
  };
  const sound = {
    'package.json': manifest,
    'README.md': '# sound',
    LICENSE: readFileSync(path.join(root, 'LICENSE'), 'utf8'),
    'src/index.ts': 'export const one = 1;',
    'dist/index.js': 'export const one = 1;',
    'dist/index.d.ts': '/** The first number. */\nexport declare const one = 1;',
  };
  /** A sound package with other files, `null` for those that it lacks, as it would be packed. */
  const packed = async (files: Record<string, string | object | null> = {}, more: object = {}) => {
    const all = Object.entries({ ...sound, 'package.json': { ...manifest, ...more }, ...files });
    const present = Object.fromEntries(all.flatMap(([file, text]) => (text === null ? [] : [[file, text]])));
    const folder = path.join(temporary(), 'sound');
    return pack([packageAt(write(folder, present))], temporary());
  };
  const messages = (problems: readonly { message: string; remedy: string }[]) => {
    for (const { remedy } of problems) expect(remedy).not.toBe('');
    return problems.map(({ message }) => message);
  };

  test('a sound package passes', async () => {
    const [one] = await packed();
    expect(checkManifests([one])).toEqual([]);
    expect(await publintProblems(one)).toEqual([]);
    expect(await attwProblems(one)).toEqual([]);
  });

  test('manifest: fields, licence, README, and what should not be in a tarball', async () => {
    const files = { LICENSE: null, 'README.md': null, 'dist/gone.js': '', 'src/one.test.ts': '' };
    const other = { repository: 'somewhere', sideEffects: undefined, dependencies: { zod: 'file:../zod' } };
    const [one] = await packed(files, other);
    const found = messages(checkManifests([one]));
    for (const part of [
      'repository is "somewhere"',
      'sideEffects',
      'no LICENSE',
      'dist/gone.js, which is built from nothing',
    ])
      expect(found.join('\n')).toContain(part);
    expect(found).toContain('the tarball has src/one.test.ts');
    expect(found).toContain('dependencies has zod@file:../zod, which nobody can install');
    expect(found).toContain('the tarball has no README.md, which npm shows first');
    const [next] = await packed({}, { version: '1.0.1' });
    expect(messages(checkManifests([...(await packed()), next]))).toEqual([
      'version 1.0.1, where @isoloss/sound has 1.0.0',
    ]);
  });

  test('publint, manifest: an exports map that leads nowhere', async () => {
    const exports = { '.': { types: './dist/index.d.ts', default: './dist/main.js' } };
    const [one] = await packed({}, { exports });
    expect(messages(await publintProblems(one))).toEqual([expect.stringMatching(/dist\/main\.js.* does not exist/)]);
    expect(messages(checkManifests([one]))).toEqual(['package.json names dist/main.js, which is not in the tarball']);
  });

  test('attw: declarations that only a bundler resolves', async () => {
    const [one] = await packed({
      'dist/index.d.ts': "export * from './other';",
      'dist/other.d.ts': 'export declare const two = 2;',
    });
    expect(messages(await attwProblems(one)).join()).toContain('Internal resolution error');
  });

  test('consumers: what a program relies on is gone', async () => {
    const [folder, all] = [temporary(), await packed()];
    install(all, folder);
    const consumer = path.join(
      write(temporary(), { 'consumer.ts': "import { two } from '@isoloss/sound';\nexport { two };" }),
      'consumer.ts',
    );
    const found = messages(await typeProblems(all, folder, consumer));
    expect(found).toHaveLength(4);
    expect(found.join('\n')).toMatch(/TypeScript 5\.9, moduleResolution nodenext: .* no exported member 'two'/);
    expect(found.join('\n')).toMatch(/TypeScript 7, moduleResolution bundler: .* no exported member 'two'/);
  });

  test('load: an await at the top level can be imported, not required', async () => {
    const [folder, all] = [temporary(), await packed({ 'dist/index.js': 'export const one = await 1;' })];
    install(all, folder);
    expect(messages(await loadProblems(all, folder))).toEqual([
      expect.stringMatching(/^require of @isoloss\/sound in Node .*: .*(ERR_REQUIRE|require\(\))/),
    ]);
  });

  test('unused: an undeclared dependency, an unused one, an unused export and file', async () => {
    const folder = write(temporary(), {
      'package.json': { name: 'fixture', type: 'module', main: 'index.js', dependencies: { 'left-pad': '1.3.0' } },
      'knip.jsonc': { entry: ['index.js'], project: ['*.js'] },
      'index.js': "import 'right-pad';\nimport { used } from './other.js';\nused();",
      'other.js': 'export const used = () => {};\nexport const lost = 1;',
      'stray.js': '',
    });
    expect(messages(await unusedProblems(folder)).sort()).toEqual([
      'index.js:1: right-pad is used and not declared',
      'other.js:2: lost nothing uses this export',
      'package.json: left-pad nothing uses this dependency',
      'stray.js: nothing uses this file',
    ]);
  });

  test('sizes: over a budget, far below one, without one, and what a bundler leaves out', async () => {
    const [folder, all] = [temporary(), await packed({ 'dist/index.js': 'globalThis.one = 1; export const one = 1;' })];
    install(all, folder);
    const bytes = { package: '@isoloss/sound', code: `export default '${'0123456789abcdef'.repeat(40)}'` };
    const entries = {
      large: { ...bytes, gzip: 40 },
      small: { ...bytes, gzip: 4000 },
      new: bytes,
      cut: {
        package: '@isoloss/sound',
        code: "import '@isoloss/sound'; export default globalThis.one ?? 'nothing';",
        gives: 1,
        gzip: 100,
      },
      node: { package: '@isoloss/sound', code: "import fs from 'node:fs'; export default fs;", gzip: 1 },
    };
    const { problems } = await sizeProblems(all, { entries, tarballs: {} }, folder);
    const found = messages(problems);
    expect(found[0]).toMatch(/^large is 0\.1 kB where its budget is 0\.0 kB$/);
    expect(found[1]).toMatch(/^small is 0\.1 kB, far below its budget of 4\.0 kB$/);
    expect(found[2]).toBe('new has no budget');
    expect(found).toContain('cut gives nothing when it is bundled, not 1');
    expect(found.join('\n')).toMatch(/node can't be bundled: .*node:fs/);
    expect(found).toContain('its tarball has no budget');
  });

  test('licences: only what everybody may use', () => {
    for (const expression of ['MIT', '(MIT OR GPL-3.0)', 'Apache-2.0 AND MIT', '(BSD-3-Clause AND (MIT OR CC0-1.0))'])
      expect(isAllowed(expression), expression).toBe(true);
    for (const expression of ['GPL-3.0', 'MIT AND GPL-3.0', 'unknown', '', 'SEE LICENSE IN x', '(MIT', 'MIT GPL-3.0'])
      expect(isAllowed(expression), expression).toBe(false);
    const [problem] = licenceProblems([
      { name: 'fine', version: '1.0.0', licence: 'MIT', with: ['isoloss'] },
      { name: 'viral', version: '2.0.0', licence: 'AGPL-3.0', with: ['isoloss'] },
    ]);
    expect(problem).toMatchObject({ package: 'isoloss', message: 'it brings viral 2.0.0, whose licence is AGPL-3.0' });
  });

  test('api: a changed interface is shown; what is public has a comment and names nothing that is not', async () => {
    const before = await apiOf([packageAt(write(path.join(temporary(), 'sound'), sound))]);
    expect(before.problems).toEqual([]);
    const committed = write(temporary(), Object.fromEntries(before.pages));
    const remedy = 'acknowledge it';
    expect(await compareFiles(committed, before.pages, { what: 'the interface', remedy })).toEqual([]);

    const changed = {
      ...sound,
      'dist/index.d.ts': "import type { Hidden } from './hidden.ts';\nexport declare function one(options: Hidden): 1;",
      'dist/hidden.d.ts': 'export interface Hidden {}',
    };
    const after = await apiOf([packageAt(write(path.join(temporary(), 'sound'), changed))]);
    expect(messages(after.problems)).toEqual([
      expect.stringContaining('The symbol "Hidden" needs to be exported'),
      expect.stringMatching(/^one has no doc comment/),
    ]);
    const [difference] = await compareFiles(committed, after.pages, { what: 'the interface', remedy });
    expect(difference.message).toMatch(/^the interface differs from .*sound\.api\.md$/);
    expect(difference.detail).toMatch(/^-export const one = 1;$/m);
    expect(difference.detail).toMatch(/^\+export function one\(/m);
    expect(await compareFiles(committed, new Map(), { what: 'the interface', remedy })).toHaveLength(1);
    expect(await compareFiles(temporary(), after.pages, { what: 'the interface', remedy })).toHaveLength(1);
  });
});
