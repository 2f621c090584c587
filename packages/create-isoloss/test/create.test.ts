import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { ensureBuilt, execute, isoloss, root } from '../../cli/test/command.ts';
import { createPackage, main, UsageError } from '../src/index.ts';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'isoloss-create-')));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const read = (...parts: string[]): string => readFileSync(join(folder, ...parts), 'utf8');
const template = join(import.meta.dirname, '../template');
const json = (file: string) => JSON.parse(readFileSync(file, 'utf8'));

/** Runs the command in this process. */
async function create(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const written = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      written[name] += text;
      return true;
    }),
  );
  try {
    return { code: await main(args), ...written };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

describe('a new package', () => {
  test('has its own names in every file, and no other', () => {
    const created = createPackage({ name: '@me/soft-band-2d', folder: join(folder, 'named') });
    expect(created).toMatchObject({ name: '@me/soft-band-2d', id: 'softBand2d', folder: join(folder, 'named') });
    expect(created.files).toEqual(
      expect.arrayContaining([
        ...[
          '.changeset/config.json',
          '.github/workflows/test.yml',
          '.gitignore',
          '.npmrc',
          'LICENSE',
          'README.md',
          'package.json',
        ],
        ...['oracle/ledger.json', 'oracle/soft_band_2d.py', 'src/index.ts', 'src/soft-band-2d.ts', 'tsconfig.json'],
        ...['test/soft-band-2d.js', 'vectors/softBand2d.json'],
      ]),
    );
    const text = created.files.map((file) => read('named', file)).join('\n');
    expect(text).not.toMatch(/my-loss|myLoss|my_loss|"ISOLOSS"/);
    expect(read('named/src/index.ts')).toBe("export { softBand2d } from './soft-band-2d.ts';\n");
    expect(read('named/README.md')).toContain("import { softBand2d } from '@me/soft-band-2d';");
    expect(read('named/README.md')).toContain('`src/soft-band-2d.ts`');
    expect(JSON.parse(read('named/vectors/softBand2d.json')).cases[0].id).toBe('softBand2d/0001');
    expect(Object.keys(JSON.parse(read('named/oracle/ledger.json')).ids)).toEqual(['softBand2d']);
  });

  test('takes the packages of isoloss in its own version', () => {
    const { version } = json(join(import.meta.dirname, '../package.json'));
    const { peerDependencies, devDependencies } = JSON.parse(read('named/package.json'));
    expect(peerDependencies).toEqual({ '@isoloss/core': `^${version}` });
    for (const name of ['isoloss', '@isoloss/core', '@isoloss/conformance']) {
      const folder = name === 'isoloss' ? 'cli' : name.slice('@isoloss/'.length);
      expect([name, devDependencies[name]]).toEqual([
        name,
        `^${json(join(root, 'packages', folder, 'package.json')).version}`,
      ]);
    }
  });

  test('takes what else it needs in the versions that it is tested with here', () => {
    const { dependencies, devDependencies } = json(join(template, '_package.json'));
    const [workspace, core] = ['package.json', 'packages/core/package.json'].map((file) => json(join(root, file)));
    expect(dependencies.zod).toBe(`^${core.dependencies.zod}`);
    for (const name of ['typescript', '@changesets/cli'])
      expect([name, devDependencies[name]]).toEqual([name, `^${workspace.devDependencies[name]}`]);
  });

  test.each([
    ['Soft-Band', 'lower-case words with hyphens'],
    ['soft_band', 'lower-case words with hyphens'],
    ['soft--band', 'lower-case words with hyphens'],
    ['2d-loss', 'lower-case words with hyphens'],
    ['@me', 'lower-case words with hyphens'],
    ['@me/', 'lower-case words with hyphens'],
    ['../loss', 'lower-case words with hyphens'],
    ['', 'lower-case words with hyphens'],
    ['delete', 'the language has it already'],
    ['where', 'the language has it already'],
    [`a${'-b'.repeat(120)}`, 'npm takes 214'],
  ])('%j is no name', (name, message) => {
    expect(() => createPackage({ name, folder: join(folder, 'never') })).toThrow(UsageError);
    expect(() => createPackage({ name, folder: join(folder, 'never') })).toThrow(message);
  });

  test('does not write into a folder that has files, unless it is told to, and touches no other', () => {
    const place = join(folder, 'full');
    mkdirSync(join(place, '.git'), { recursive: true });
    createPackage({ name: 'one', folder: place });
    writeFileSync(join(place, 'mine.txt'), 'mine');
    writeFileSync(join(place, 'LICENSE'), 'mine');
    expect(() => createPackage({ name: 'one', folder: place })).toThrow(/full is not empty; .* --force writes beside/);
    expect(read('full/LICENSE')).toBe('mine');
    createPackage({ name: 'one', folder: place, force: true });
    expect([read('full/mine.txt'), read('full/LICENSE').slice(0, 3)]).toEqual(['mine', 'MIT']);
    writeFileSync(join(folder, 'file'), '');
    expect(() => createPackage({ name: 'one', folder: join(folder, 'file'), force: true })).toThrow('is a file');
  });
});

describe('the command', () => {
  test('says what it made and what to do next, as the package manager that called it', async () => {
    vi.stubEnv('npm_config_user_agent', 'pnpm/10.0.0 npm/? node/v20');
    const { code, stdout } = await create('told', '--folder', join(folder, 'told'));
    vi.unstubAllEnvs();
    expect(code).toBe(0);
    expect(stdout).toMatch(/^told: the loss told, its oracle, its vectors and their test, \d+ files in /);
    expect(stdout).toMatch(/^ {2}cd .*told\n {2}pnpm install\n {2}pnpm test /m);
  });

  test('--json, --help, --version', async () => {
    const made = JSON.parse((await create('as-json', '--folder', join(folder, 'as-json'), '--json')).stdout);
    expect(made).toMatchObject({ name: 'as-json', id: 'asJson', folder: join(folder, 'as-json') });
    expect((await create('--help')).stdout).toMatch(/^Usage: npm create isoloss@latest <name>.*Examples:/s);
    expect((await create('-V')).stdout).toMatch(/^\d+\.\d+\.\d+/);
  });

  test.each([
    [[], 'a name is missing, as in npm create isoloss@latest soft-band'],
    [['one', 'two'], 'one name is enough, not one two'],
    [['one', '--nosuch'], "Unknown option '--nosuch'"],
    [['One', '--json'], '"One" can\'t be the package\'s name'],
  ])('%j is exit code 2 and one line', async (args, message) => {
    const { code, stdout, stderr } = await create(...args);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^create-isoloss: [^\n]+\n$/);
    expect(stderr).toContain(message);
    if (args.includes('--json')) expect(JSON.parse(stdout).error.message).toContain(message);
  });
});

describe('what was made works', { timeout: 180_000 }, () => {
  const place = join(folder, 'soft-band');
  // npm puts the package's own commands first; here they are the workspace's.
  const PATH = `${join(root, 'node_modules/.bin')}${delimiter}${process.env.PATH}`;
  const npm = (...args: string[]) => execute('npm', args, { cwd: place, env: { PATH } });

  beforeAll(async () => {
    await ensureBuilt();
    createPackage({ name: '@me/soft-band', folder: place });
    const modules = join(place, 'node_modules');
    mkdirSync(join(modules, '@isoloss'), { recursive: true });
    for (const [name, target] of [
      ['@isoloss/core', 'packages/core'],
      ['@isoloss/conformance', 'packages/conformance'],
      ['isoloss', 'packages/cli'],
      ['zod', 'packages/core/node_modules/zod'],
    ] as const)
      symlinkSync(join(root, target), join(modules, name), 'junction');
  });

  test('npm test: every vector, on three backends and more', async () => {
    const { code, stdout, stderr } = await npm('test');
    expect([code, code === 0 ? '' : stdout + stderr]).toEqual([0, '']);
    for (const backend of ['reference', 'wasm', 'onnx-node', 'tfjs-cpu'])
      expect(stdout).toMatch(new RegExp(`^ *ok \\d+ - every vector on ${backend}`, 'm'));
  });

  test('the command knows it', async () => {
    const run = (...args: string[]) => isoloss(args, { cwd: place });
    expect((await run('list', '--package', '@me/soft-band')).stdout).toMatch(/^ {2}softBand {2}Huber’s loss of what/m);
    const inputs = ['--input', '[0.25, 1, 2.5, 4]', '--target', '[0, 0, 0, 0]', '--tolerance', '0.5', '--delta', '2'];
    const { stdout } = await run('eval', 'soft-band', '--package', '.', ...inputs, '--reduction', 'none', '--json');
    expect(JSON.parse(stdout).value.data).toEqual([0, 0.125, 2, 5]);
    const conformance = await run('conformance', '--package', '.', '--backend', 'reference,wasm');
    expect([conformance.code, conformance.stdout]).toEqual([0, expect.stringMatching(/^PASS/m)]);
  });

  test('the example of its README runs', async () => {
    const [, code] = /```js\n(.*?)```/s.exec(readFileSync(join(place, 'README.md'), 'utf8'))!;
    writeFileSync(join(place, 'example.mjs'), `${code}console.log(value.data, gradients.input.data);`);
    const { stdout, stderr } = await execute(process.execPath, ['example.mjs'], { cwd: place });
    rmSync(join(place, 'example.mjs'));
    expect([stderr, stdout]).toEqual(['', 'Float64Array(1) [ 2.125 ] Float64Array(2) [ 0.5, 1 ]\n']);
  });

  test('what is published is what a user needs', async () => {
    const { stdout } = await npm('pack', '--dry-run', '--json');
    const files = (JSON.parse(stdout)[0].files as { path: string }[]).map((file) => file.path);
    expect(files).toEqual(
      expect.arrayContaining([
        'LICENSE',
        'README.md',
        'dist/index.d.ts',
        'dist/index.js',
        'package.json',
        'vectors/softBand.json',
      ]),
    );
    expect(files.filter((file) => /^(test|oracle|node_modules|\.)/.test(file))).toEqual([]);
  });

  test.each([
    ['a wrong factor', '.mul(0.5)', '.mul(0.4)', 'every vector on'],
    [
      'an unselected branch that overflows',
      'where(small, excess, 0).square()',
      'excess.square()',
      'loses no digits|every vector on',
    ],
    ['another default', 'default(0.1)', 'default(0.2)', 'every vector on'],
  ])('npm test fails on %s', async (_, right, wrong, where) => {
    const file = join(place, 'src/soft-band.ts');
    const before = readFileSync(file, 'utf8');
    expect(before).toContain(right);
    // One backend is enough to fail.
    const own = join(place, 'test/soft-band.js');
    const everywhere = readFileSync(own, 'utf8');
    try {
      writeFileSync(file, before.replace(right, wrong));
      writeFileSync(own, everywhere.replace('openBackends()', "openBackends(['reference'])"));
      const { code, stdout } = await npm('test');
      expect([code, stdout]).toEqual([1, expect.stringMatching(new RegExp(`^ *not ok \\d+ - .*(${where})`, 'm'))]);
    } finally {
      writeFileSync(file, before);
      writeFileSync(own, everywhere);
    }
  });
});

test('the tarball has the whole template, and a command that can be run', async () => {
  const copy = join(folder, 'packed');
  mkdirSync(copy);
  const source = join(import.meta.dirname, '..');
  cpSync(source, copy, {
    recursive: true,
    filter: (file) => !/node_modules|test\.ts$/.test(file.slice(source.length)),
  });
  await ensureBuilt();
  const packed = await execute('npm', ['pack', '--json'], { cwd: copy });
  const [{ filename, files }] = JSON.parse(packed.stdout) as [
    { filename: string; files: { path: string; mode: number }[] },
  ];
  const paths = files.map(({ path }) => path);
  expect(files.find(({ path }) => path === 'bin/create-isoloss.js')!.mode & 0o111).not.toBe(0);
  expect(paths).toEqual(
    expect.arrayContaining([
      'template/_gitignore',
      'template/_npmrc',
      'template/.changeset/config.json',
      'template/_package.json',
    ]),
  );
  expect(paths.filter((path) => /__pycache__|node_modules|template\/dist/.test(path))).toEqual([]);
  const out = join(folder, 'unpacked');
  mkdirSync(out);
  expect((await execute('tar', ['-xzf', join(copy, filename), '-C', out])).code).toBe(0);
  const made = await execute(process.execPath, [join(out, 'package/bin/create-isoloss.js'), 'from-tarball', '--json'], {
    cwd: out,
  });
  expect([made.code, made.stderr]).toEqual([0, '']);
  const here = createPackage({ name: 'from-tarball', folder: join(folder, 'from-source') });
  expect(JSON.parse(made.stdout).files).toEqual(here.files);
});
