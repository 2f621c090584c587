import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureBuilt, isoloss, root } from './command.ts';

/** Where a user stands: packages of losses in its node_modules, and core beside them. */
const project = realpathSync(mkdtempSync(join(tmpdir(), 'isoloss-packages-')));
const installed = (name: string) => join(project, 'node_modules', name);
const run = (...args: string[]) => isoloss(args, { cwd: project });

const loss = (id: string, body = 'input.sub(target).square()') => `
  import { defineLoss, inputs } from '@isoloss/core';
  export const ${id} = defineLoss({
    id: '${id}', family: 'own', inputs: inputs.regressionInputs,
    about: { summary: 'Squares.', formula: 'e²', use: 'Tests.', sources: ['here'] },
    formula: ({ input, target }) => ${body},
  });
`;

interface Files {
  readonly code?: string;
  readonly isoloss?: unknown;
  readonly vectors?: Readonly<Record<string, string>>;
}

function makePackage(name: string, { code, isoloss, vectors = {} }: Files): string {
  const folder = installed(name);
  mkdirSync(join(folder, 'vectors'), { recursive: true });
  const standard = { losses: './index.js', vectors: './vectors' };
  // As many packages are: package.json is not to be had through exports.
  const manifest = { name, version: '1.2.3', type: 'module', exports: { '.': './index.js' } };
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ ...manifest, isoloss: isoloss === undefined ? standard : isoloss }),
  );
  if (code !== undefined) writeFileSync(join(folder, 'index.js'), code);
  for (const [id, text] of Object.entries(vectors)) writeFileSync(join(folder, 'vectors', `${id}.json`), text);
  return folder;
}

const mseAs = (id: string) =>
  readFileSync(join(root, 'packages/conformance/vectors/mse.json'), 'utf8')
    .replaceAll('"mse/', `"${id}/`)
    .replace('"mse"', `"${id}"`);

beforeAll(async () => {
  await ensureBuilt();
  mkdirSync(installed('@isoloss'), { recursive: true });
  symlinkSync(join(root, 'packages/core'), installed('@isoloss/core'), 'junction');
  const two = `console.log('loading'); ${loss('ownSquares')} export const ownFourths = defineLoss({
    id: 'ownFourths', aliases: ['quartic'], inputs: inputs.regressionInputs, formula: ({ input, target }) => input.sub(target).square().square() });`;
  makePackage('own-squares', { code: two, vectors: { ownSquares: mseAs('ownSquares') } });
  makePackage('@me/squares', { code: loss('mySquares'), vectors: { mySquares: mseAs('mySquares') } });
});
afterAll(() => rmSync(project, { recursive: true, force: true }));

describe('every command that takes a loss finds those of a package', () => {
  test('list: the package’s alone, and what it prints while loading is no result', async () => {
    const { stdout, code } = await run('list', '--package', 'own-squares', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout).map(({ id }: { id: string }) => id)).toEqual(['ownFourths', 'ownSquares']);
    const searched = await run('ls', '--package=./node_modules/own-squares', '--search', 'tests');
    expect(searched.stdout).toMatch(/^own\n\n {2}ownSquares {2}Squares\.\n\n1 loss;/);
  });

  test('show, with the package it is of', async () => {
    const { stdout } = await run('show', 'quartic', '--package', 'own-squares');
    expect(stdout).toMatch(/^ownFourths \(also quartic\) · custom · own-squares 1\.2\.3$/m);
  });

  test('eval: the loss’s own flags, wherever --package stands', async () => {
    const inputs = ['--input', '[1, 3]', '--target', '[0, 0]', '--reduction', 'sum', '--backend', 'wasm', '--json'];
    const after = await run('eval', 'ownSquares', ...inputs, '--package', 'own-squares');
    const before = await run('eval', '--package', 'own-squares', 'ownSquares', ...inputs);
    expect(JSON.parse(after.stdout).value.data).toEqual([10]);
    expect(JSON.parse(before.stdout).value.data).toEqual([10]);
  });

  test('export', async () => {
    const { stdout, code } = await run('export', 'mySquares', '--package', '@me/squares', '-o', 'mine.onnx');
    expect([code, stdout.split('\n')[0]]).toEqual([0, expect.stringMatching(/^mine\.onnx: mySquares, \d+ bytes/)]);
  });

  test('serve', async () => {
    const tensor = { dtype: 'float64', shape: [1], data: [3] };
    const request = {
      command: 'run',
      id: '1',
      loss: 'ownSquares',
      dtype: 'float64',
      inputs: { input: tensor, target: { ...tensor, data: [1] } },
    };
    const { stdout } = await isoloss(['serve', '--package', 'own-squares'], {
      cwd: project,
      input: JSON.stringify(request),
    });
    expect(JSON.parse(stdout).value.data).toEqual([4]);
  });

  test('choose, whose candidates are processes of their own', async () => {
    const { stdout, code, stderr } = await run(
      ...['choose', '--loss', 'ownSquares', '--package', 'own-squares', '--shape', '64', '--quick'],
      ...['--backend', 'reference,wasm', '--json'],
    );
    expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
    const { measurements } = JSON.parse(stdout) as { measurements: { conformance: { ok: boolean; total: number } }[] };
    expect(measurements.length).toBeGreaterThan(0);
    for (const { conformance } of measurements) expect(conformance).toMatchObject({ ok: true });
    expect(measurements[0]!.conformance.total).toBeGreaterThan(50);
  });

  test('conformance: the vectors of several packages, in several processes', async () => {
    const packages = ['--package', 'own-squares', '--package', '@me/squares'];
    const { stdout, code } = await run(
      'conformance',
      ...packages,
      '--loss',
      'ownSquares,mySquares,huber',
      '--jobs',
      '2',
      '--backend',
      'reference',
    );
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^PASS/m)]);
    for (const id of ['ownSquares', 'mySquares', 'huber']) expect(stdout).toContain(id);
  });

  test('conformance: without --loss the package’s alone, and a wrong one fails', async () => {
    const right = await run('conformance', '--package', '@me/squares', '--backend', 'reference,wasm');
    expect([right.code, right.stdout.includes('mySquares')]).toEqual([0, true]);
    makePackage('wrong', {
      code: loss('ownWrong', 'input.sub(target).square().mul(0.5)'),
      vectors: { ownWrong: mseAs('ownWrong') },
    });
    const wrong = await run('conformance', '--package', 'wrong', '--backend', 'reference');
    expect([wrong.code, wrong.stdout]).toEqual([1, expect.stringMatching(/^FAIL/m)]);
  });
});

describe('what is wrong with a package is said in one line, with what to do', () => {
  const cases: [name: string, args: string[], message: string | RegExp, files?: Files][] = [
    [
      'missing',
      ['--package', 'not-there'],
      /^there is no package not-there in the node_modules of .*; npm install not-there, or give its folder as \.\/not-there$/,
    ],
    ['no folder', ['--package', './nowhere'], /^there is no folder .*nowhere$/],
    ['no name', ['--package', 'A B'], '"A B" is no name of a package; a folder begins with ./'],
    ['no value', ['--package'], '"--json" is no name of a package; a folder begins with ./'],
    [
      'plain',
      [],
      'plain is no package of losses: its package.json has no "isoloss", as in "isoloss": { "losses": "./dist/index.js", "vectors": "./vectors" }',
      { code: '', isoloss: null },
    ],
    [
      'no-losses-field',
      [],
      'no-losses-field: "isoloss" in its package.json is to be as in "isoloss": { "losses": "./dist/index.js", "vectors": "./vectors" }',
      { code: '', isoloss: { losses: 3 } },
    ],
    [
      'outside',
      [],
      'outside: "../own-squares/index.js" in "isoloss" of its package.json is not in the package',
      { code: '', isoloss: { losses: '../own-squares/index.js' } },
    ],
    [
      'not-built',
      [],
      /^not-built: dist.index\.js is not there; if it is built, npm run build in .*not-built makes it$/,
      { isoloss: { losses: './dist/index.js' } },
    ],
    ['throws', [], "throws can't be imported: no such luck", { code: "throw new Error('no such\\nluck')" }],
    [
      'needs-more',
      [],
      /^needs-more can't be imported: Cannot find package 'nowhere-to-be-found' .*; npm install in .*needs-more\?$/,
      { code: "import 'nowhere-to-be-found'" },
    ],
    [
      'no-loss',
      [],
      /^no-loss has no loss: .*index\.js exports nothing that defineLoss made$/,
      { code: 'export const a = 1' },
    ],
    ['taken', [], 'taken: there is a loss huber already; give yours another id or alias', { code: loss('huber') }],
    [
      'trace',
      [],
      /^trace: the loss mine is made by another copy of @isoloss\/core than this one \([\d.]+\): .* and [\d.]+ in .*packages.core; run the isoloss that is installed beside it/,
      { code: "export const mine = Object.assign(() => {}, { id: 'mine', definition: { id: 'mine', formula() {} } })" },
    ],
  ];
  test.each(cases)('%s', async (name, args, message, files) => {
    if (files !== undefined) makePackage(name, files);
    const { code, stdout, stderr } = await run('list', ...(args.length > 0 ? args : ['--package', name]), '--json');
    const { error } = JSON.parse(stdout);
    expect([code, error.code]).toEqual([2, 'BAD_REQUEST']);
    expect(error.message).toMatch(message);
    expect(stderr).toBe(`isoloss: ${error.message}\n`);
  });

  test('a loss without vectors, vectors of no loss, vectors that are none', async () => {
    const conform = async (name: string, ...more: string[]) => {
      const { code, stderr } = await run('conformance', '--package', name, '--backend', 'reference', ...more);
      return [code, stderr];
    };
    expect(await conform('own-squares')).toEqual([
      2,
      expect.stringContaining('own-squares has no vectors of ownFourths; isoloss vectors makes them'),
    ]);
    expect(await conform('own-squares', '--loss', 'quartic')).toEqual([
      2,
      expect.stringContaining('ownFourths has no vectors; isoloss vectors makes them'),
    ]);
    makePackage('stray', { code: loss('ownStray'), vectors: { ownStray: mseAs('ownStray'), other: mseAs('other') } });
    expect(await conform('stray')).toEqual([
      2,
      expect.stringContaining('stray has vectors of other, and exports no such loss; it has ownStray'),
    ]);
    makePackage('broken', { code: loss('ownBroken'), vectors: { ownBroken: '{"schema": "isoloss-vectors/1",' } });
    expect(await conform('broken')).toEqual([1, expect.stringMatching(/^isoloss: .*ownBroken\.json: .*JSON.*\n$/)]);
    makePackage('misnamed', { code: loss('ownMisnamed'), vectors: { ownMisnamed: mseAs('other') } });
    expect(await conform('misnamed')).toEqual([
      1,
      expect.stringMatching(/ownMisnamed\.json: it says that it is of other\n$/),
    ]);
  });

  test('commands that take no loss take no package', async () => {
    const { code, stderr } = await run('backends', '--package', 'own-squares');
    expect([code, stderr]).toEqual([2, expect.stringContaining("unknown option '--package'")]);
  });
});
