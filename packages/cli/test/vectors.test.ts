import { chmodSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ensureBuilt, isoloss, root } from './command.ts';

// Python itself is left to npm run test:python. Here programs stand in for it, that say what one would say.
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'isoloss-vectors-')));
const run = (args: readonly string[], env: Record<string, string> = {}) =>
  isoloss(['vectors', ...args], { cwd: folder, env });

/** A program that answers `-c` with a version, or fails, and `-m isoloss_oracle` with these lines and this exit code. */
function python(
  name: string,
  { version = '3.12.1', missing = '', lines = [] as unknown[], code = 0, stderr = '' },
): string {
  const file = join(folder, name);
  writeFileSync(
    file,
    `#!${process.execPath}
    const [flag, what, ...rest] = process.argv.slice(2);
    const { appendFileSync } = require('node:fs');
    appendFileSync(${JSON.stringify(`${file}.log`)}, JSON.stringify([flag, what, ...rest]) + '\\n');
    if (flag === '-c' && what.startsWith('import sys')) console.log(${JSON.stringify(version)});
    else if (flag === '-c' && ${JSON.stringify(missing)}) { console.error('Traceback\\n' + ${JSON.stringify(missing)}); process.exit(1); }
    else if (flag === '-m' && what !== 'isoloss_oracle') { console.error(what + ' is broken'); process.exit(1); }
    else if (flag === '-m') {
      for (const line of ${JSON.stringify(lines)}) console.log(typeof line === 'string' ? line : JSON.stringify(line));
      process.stderr.write(${JSON.stringify(stderr)});
      process.exitCode = ${code};
    }
    `,
  );
  chmodSync(file, 0o755);
  return file;
}

const manifest = (isoloss: unknown) =>
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'mine', isoloss }));

beforeAll(ensureBuilt);
beforeEach(() => {
  manifest({ losses: './dist/index.js', vectors: './vectors' });
  mkdirSync(join(folder, 'oracle'), { recursive: true });
  for (const name of ['a_loss.py', 'b_loss.py', '_shared.py', 'notes.txt'])
    writeFileSync(join(folder, 'oracle', name), '');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(process.platform === 'win32')('a Python that was named', () => {
  const made = {
    loss: 'aLoss',
    file: join(folder, 'oracle/a_loss.py'),
    seconds: 1.5,
    vectors: join(folder, 'vectors/aLoss.json'),
    cases: 12,
    bytes: 5000,
    state: 'written',
  };

  test('gets every oracle of the folder, and what it says is shown', async () => {
    const interpreter = python('good', { lines: [{ progress: [1, 2], key: 'x' }, 'printed by an oracle', made] });
    const { code, stdout, stderr } = await run(['--python', interpreter]);
    expect([code, stdout]).toEqual([0, 'aLoss: 12 cases, 5 KB, 1.5 s; vectors/aLoss.json written\n']);
    expect(stderr).toContain('printed by an oracle');
    const called = readFileSync(`${interpreter}.log`, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
      .at(-1);
    expect(called).toEqual([
      ...['-m', 'isoloss_oracle', '--json', join(folder, 'oracle/a_loss.py'), join(folder, 'oracle/b_loss.py')],
      ...['--vectors', join(folder, 'vectors'), '--ledger', join(folder, 'oracle/ledger.json'), '--jobs', '2'],
    ]);
  });

  test('--json, --check and what failed', async () => {
    const interpreter = python('bad', {
      lines: [
        { ...made, state: 'differs' },
        { file: join(folder, 'oracle/b_loss.py'), problem: 'one\ntwo' },
      ],
      code: 1,
    });
    const { code, stdout, stderr } = await run(['--python', interpreter, '--check', '--json', '--no-crosscheck']);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toEqual([
      { ...made, file: 'oracle/a_loss.py', vectors: 'vectors/aLoss.json', state: 'differs' },
      { file: 'oracle/b_loss.py', problem: 'one\ntwo' },
    ]);
    expect(stderr).toBe('isoloss: oracle/b_loss.py: one\nisoloss: oracle/b_loss.py: two\n');
    expect(readFileSync(`${interpreter}.log`, 'utf8')).toContain('"--check","--no-crosscheck"');
    const told = await run(['--python', interpreter, '--check']);
    expect(told.stdout).toContain('vectors/aLoss.json DIFFERS; isoloss vectors without --check writes it anew');
  });

  test('one that breaks down', async () => {
    const interpreter = python('broken', { code: 1, stderr: 'Traceback\nMemoryError: all of it\n' });
    expect(await run(['--python', interpreter])).toMatchObject({
      code: 1,
      stderr: 'isoloss: the oracle broke down: MemoryError: all of it\n',
    });
  });

  test('one that is too old, one that lacks the libraries', async () => {
    const old = python('old', { version: '3.9.6' });
    expect((await run(['--python', old])).stderr).toMatch(
      /^isoloss: .*old is Python 3\.9\.6, and the oracle needs 3\.11 or newer; name one with PYTHON=/,
    );
    const bare = python('bare', { missing: "ModuleNotFoundError: No module named 'mpmath'" });
    expect(await run(['--python', bare])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(
        /ModuleNotFoundError: No module named 'mpmath'; .* -m pip install -r .*oracle.requirements\.txt puts it right/,
      ),
    });
  });

  test('an environment that can’t be made', async () => {
    const { code, stderr } = await run([], { PYTHON: python('no-venv', {}) });
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/-m venv failed: venv is broken; on Debian and Ubuntu it is the package python3-venv/),
    ]);
  });
});

describe('what is wrong is said, with what to do', () => {
  test.each([
    [['--python', './nowhere/python'], 2, '--python ./nowhere/python: there is no such program'],
    [['oracle/c_loss.py'], 2, /there is no file .*c_loss\.py/],
    [['oracle/a_loss.py', 'package.json'], 2, 'the oracles must be in one folder'],
    [['--jobs', 'many'], 2, '--jobs is a number of processes, not many'],
  ] as const)('%j', async (args, code, message) => {
    const outcome = await run(args);
    expect([outcome.code, outcome.stderr]).toEqual([code, expect.stringMatching(message)]);
  });

  test('no Python at all', async () => {
    const { code, stderr } = await run([], { PYTHON: join(folder, 'nowhere/python') });
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(
        /there is no .*python here, .* install Python 3\.11 or newer, or name one with --python; those that are made already can be run without/,
      ),
    ]);
  });

  test('no package of losses, no oracle', async () => {
    manifest(undefined);
    expect((await run([])).stderr).toMatch('mine is no package of losses');
    manifest({ losses: './index.js' });
    expect((await run([])).stderr).toMatch(`doesn't say where vectors go, as in "vectors": "./vectors"`);
    rmSync(join(folder, 'oracle'), { recursive: true });
    expect((await run([])).stderr).toMatch(
      /there is no oracle in .*oracle; name one, as in isoloss vectors oracle\/my_loss\.py/,
    );
    const elsewhere = await isoloss(['vectors'], { cwd: tmpdir() });
    expect(elsewhere.stderr).toMatch(
      /is in no package; npm create isoloss@latest my-loss makes one|there is no oracle in/,
    );
  });
});

test('--release notes the losses in the ledger, and leaves the rest as it was', async () => {
  const ledger = join(folder, 'oracle/ledger.json');
  expect((await run(['--release'])).stderr).toMatch(/ledger\.json: .*isoloss vectors makes it/);
  const before = readFileSync(join(root, 'tools/golden/ledger.json'), 'utf8').replace(
    /"released": \[[^\]]*\]/,
    '"released": ["old"]',
  );
  writeFileSync(ledger, before);
  const { code, stdout } = await run(['--release']);
  expect([code, stdout]).toEqual([
    0,
    expect.stringMatching(/^released: approxNdcg, .*; noted in oracle.ledger\.json\n$/),
  ]);
  const after = readFileSync(ledger, 'utf8');
  expect(after.slice(after.indexOf('"ids"'))).toBe(before.slice(before.indexOf('"ids"')));
  expect(JSON.parse(after).released).toEqual(Object.keys(JSON.parse(before).ids).sort());
});
