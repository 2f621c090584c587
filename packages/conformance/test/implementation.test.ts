import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  type ImplementationSpec,
  implementationSubject,
  introduce,
  loadVectors,
  parseSpec,
  runConformance,
  specFromCommand,
} from '@isoloss/conformance';
import { describe, expect, test } from 'vitest';

const program = fileURLToPath(new URL('./fixtures/hostile.mjs', import.meta.url));
const vectors = await loadVectors(['mse']);
const cases = ['mse/0001', 'mse/0002', 'mse/0003'];
const spec = (mode: string, more: Partial<ImplementationSpec> = {}, always = false): ImplementationSpec => ({
  command: [process.execPath, program, mode, ...(always ? ['always'] : [])],
  caseTimeout: 10,
  startTimeout: 10,
  ...more,
});

async function judge(one: ImplementationSpec, ids = cases) {
  const known = await introduce(one);
  const subject = implementationSubject(one, known);
  try {
    return await runConformance({ backends: [subject], vectors, dtypes: ['float32'], filters: { cases: ids } });
  } finally {
    await subject.dispose();
  }
}

test('an honest implementation passes, and is judged as a foreign one', async () => {
  const { cells, passed, backends, columns } = await judge(spec('honest'));
  expect(cells[0]!.cases.map(({ outcome }) => outcome)).toEqual(['pass', 'pass', 'pass']);
  expect(cells[0]!.accurate).toBe(3);
  expect(passed).toBe(true);
  expect(backends[0]).toMatchObject({ id: 'hostile', foreign: true, dtypes: ['float32'] });
  expect(columns[0]!.grade).toBe('conforming');
});

describe('one bad case', () => {
  // Whatever it does with one case, the others are judged by their numbers.
  test.each([
    ['garbage', 'error', 'it printed a line that is not JSON: "Segmentation \\u001b[31mfault'],
    ['json', 'error', 'it printed a line that is not JSON'],
    ['list', 'error', 'it printed a line that is no answer: "[1,2,3]"'],
    ['exit', 'error', 'it ended with exit code 3'],
    ['exit-logging', 'error', 'the end of its log: Traceback: \\u{1b}[2Jnumber is not callable'],
    ['signal', 'error', 'it was ended by SIGSEGV'],
    ['wrong-id', 'error', 'it answered "somebody else" where "mse/0002 float32" was asked'],
    ['no-id', 'error', 'it answered without id where'],
    ['bad-request', 'error', "it can't read the request: no \\u{7} idea"],
    ['huge-line', 'error', 'it printed a line of more than 64 MB'],
    ['never-ending', 'error', 'it printed a line of more than 64 MB'],
    ['partial', 'error', 'in the middle of a line'],
    ['nan', 'error', 'the protocol writes "NaN"'],
    ['wrong-shape', 'fail', 'value has shape [7], not []'],
    ['wrong-length', 'error', 'its answer is not a tensor'],
    ['wrong-dtype', 'fail', 'value is float64, not float32'],
    ['no-gradients', 'fail', 'input is missing'],
    ['gradient-null', 'error', 'its answer is not a tensor: the gradient by input'],
    ['value-null', 'error', 'its answer is not a tensor'],
    ['empty', 'error', 'its answer has no value, skipped or error'],
    ['closes-stdout', 'error', 'it closed its standard output'],
    ['bad-code', 'error', 'its error has the code "OOPS"'],
    ['refuse', 'fail', 'refused with INTERNAL: boom'],
    ['evil-skip', 'skipped', '</script><b>\\u{1b}[31m\\u{202e}no|t`here'],
    ['proto', 'error', 'its answer is not a tensor'],
    ['floods-stderr', 'pass', undefined],
  ])('%s is %s', async (mode, outcome, reason) => {
    const { cells } = await judge(spec(mode));
    const [before, bad, after] = cells[0]!.cases;
    expect([before!.outcome, after!.outcome], after!.reason).toEqual(['pass', 'pass']);
    expect(bad!.outcome, bad!.reason).toBe(outcome);
    if (reason !== undefined) expect(bad!.reason).toContain(reason);
    expect(bad!.link).toBeUndefined();
  });

  test('a hang is ended after its time', async () => {
    const { cells } = await judge(spec('sleep', { caseTimeout: 0.3 }));
    expect(cells[0]!.cases.map(({ outcome }) => outcome)).toEqual(['pass', 'error', 'pass']);
    expect(cells[0]!.cases[1]!.reason).toBe('it took longer than 0.3 s to answer and was killed (its caseTimeout)');
  });

  test('a closed standard input is noticed at the next request', async () => {
    const { cells } = await judge(spec('closes-stdin', { caseTimeout: 1 }));
    expect(cells[0]!.cases.map(({ outcome }) => outcome)).toEqual(['pass', 'error', 'pass']);
  });

  test.each(['twice', 'twice-later', 'flood'])('%s: the first answer counts, and the run fails', async (mode) => {
    const { cells, backends, passed } = await judge(spec(mode));
    expect(cells[0]!.cases.map(({ outcome }) => outcome)).toEqual(['pass', 'pass', 'pass']);
    expect(backends[0]!.violations![0]).toMatchObject({
      what: 'it answered a request twice',
      first: 'mse/0002 float32',
    });
    expect(passed).toBe(false);
  });
});

describe('a program that does not start', () => {
  test.each([
    ['never-starts', { startTimeout: 0.3 }, 'it took longer than 0.3 s to start'],
    ['exits-at-once', {}, 'it ended with exit code 7'],
    ['banner', {}, 'it printed a line that is not JSON: "Welcome to losses 2.0!"'],
    ['start-refused', {}, 'it refuses to start: no such protocol'],
    ['start-other', {}, 'it answered start with protocol 2; this is protocol 1'],
  ])('%s', async (mode, more, reason) => {
    const { cells, passed, backends } = await judge(spec(mode, more));
    expect(backends[0]!.available).toBe(false);
    expect(backends[0]!.reason).toContain(reason);
    expect(cells[0]!.cases.map(({ outcome }) => outcome)).toEqual(['error', 'error', 'error']);
    expect(passed).toBe(false);
  });

  test('or does not exist', async () => {
    const { description } = await introduce({ command: ['/no/such/program'] });
    expect(description.reason).toContain("it can't be started: spawn /no/such/program ENOENT");
  });
});

test('after five deaths in a row the rest is not tried', async () => {
  const { cells } = await judge(spec('exit', {}, true), ['mse/000']);
  const reasons = cells[0]!.cases.map(({ reason }) => reason!);
  expect(reasons.slice(0, 5).every((reason) => reason.startsWith('it ended with exit code 3'))).toBe(true);
  expect(reasons[5]).toBe(
    'not tried: it crashed or hung 5 times without an answer; the last time it ended with exit code 3',
  );
});

test('names are made safe and distinct', async () => {
  const first = await introduce(spec('evil-name'));
  expect(first.id).toBe('</title>\\u{1b}[31m<b>evil</b>|\\u{202e}');
  const second = await introduce(spec('evil-name'), new Set([first.id]));
  expect(second.id).toBe(`${first.id} 2`);
  expect((await introduce(spec('honest', { name: 'mine' }))).id).toBe('mine');
});

/** A killed orphan is a zombie until somebody fetches its exit code, which no one may do in a container. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const stat = `/proc/${pid}/stat`;
  return !(existsSync(stat) && /^\d+ \(.*\) Z/.test(readFileSync(stat, 'utf8')));
}

test('what it has started is killed with it', async () => {
  const script = `const { spawn } = require('node:child_process');
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' });
    process.stderr.write('pid ' + child.pid);
    setTimeout(() => process.exit(9), 50);`;
  const { description } = await introduce({ command: [process.execPath, '-e', script] });
  const pid = Number(/pid (\d+)/.exec(description.reason!)![1]);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(isRunning(pid)).toBe(false);
});

describe('specifications', () => {
  test('a command is split as a shell does', () => {
    expect(specFromCommand(`python3 "my losses.py" 'a"b' c\\ d ""`).command).toEqual([
      'python3',
      'my losses.py',
      'a"b',
      'c d',
      '',
    ]);
  });

  test('paths are relative to the file', () => {
    expect(parseSpec({ command: 'python3 x.py', expectations: 'x.json' }, '/some/where')).toEqual({
      command: ['python3', 'x.py'],
      cwd: '/some/where',
      expectations: '/some/where/x.json',
    });
  });

  test.each([
    [[], 'it is an object'],
    [{}, 'command is text, or a list of words'],
    [{ command: [] }, 'command is text, or a list of words'],
    [{ command: 'x "y' }, 'never closes it'],
    [{ command: ' ' }, 'the command is empty'],
    [{ command: 'x', timeout: 3 }, 'there is no field "timeout"'],
    [{ command: 'x', caseTimeout: 0 }, 'caseTimeout is a number of seconds'],
    [{ command: 'x', grade: 'perfect' }, 'grade is "accurate" or "conforming"'],
    [{ command: 'x', env: { A: 1 } }, 'env is an object of text'],
    [{ command: 'x', name: '' }, 'name is text'],
  ])('%j is refused', (json, message) => {
    expect(() => parseSpec(json, '/')).toThrow(message);
  });
});
