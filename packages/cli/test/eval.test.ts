import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readNpy, writeNpy } from '../src/files/npy.ts';
import { availableBackends, ensureBuilt, inProcess, isoloss } from './command.ts';
import { npy } from './npy.ts';

const folder = mkdtempSync(join(tmpdir(), 'isoloss-eval-'));
const file = (name: string) => join(folder, name);
const put = (name: string, content: string | Buffer): string => {
  writeFileSync(file(name), content);
  return file(name);
};

const logits = writeNpy({ dtype: 'float32', shape: [2, 3], data: Float32Array.of(1, 2, 3, 3, 2, 1) });
/** numpy's labels: int64. */
const labels = npy('<i8', '(2,)', Buffer.from(BigInt64Array.of(2n, 1n).buffer));

let working: string[];
beforeAll(async () => {
  await ensureBuilt();
  working = await availableBackends();
  put('logits.npy', logits);
  put('labels.npy', labels);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** `eval … --json`, parsed. */
async function evaluated(...args: string[]) {
  const { code, stdout, stderr } = await isoloss(['eval', ...args, '--json']);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return JSON.parse(stdout);
}

async function refused(...args: string[]): Promise<{ code: string; message: string; input?: string; index?: number }> {
  const { code, stdout, stderr } = await inProcess(['eval', ...args, '--json']);
  expect(code).toBe(2);
  expect(stderr).toMatch(/^isoloss: .*\n$/);
  return JSON.parse(stdout).error;
}

const huber = ['huber', '--input', '[1, 3]', '--target', '[0, 1]'];

describe('isoloss eval', () => {
  it('prints the value and the gradients', async () => {
    const { code, stdout } = await isoloss(['eval', ...huber, '--delta', '2', '--gradients']);
    expect(code).toBe(0);
    expect(stdout).toContain('value 1.25\n');
    expect(stdout).toContain('gradient for input (2)\n  [0.5, 1]\n');
    expect(stdout).toContain('gradient for target (2)\n  [-0.5, -1]\n');
  });

  it('gives whole tensors as JSON, and only the gradients that are asked for', async () => {
    expect(await evaluated(...huber, '--delta', '2', '--gradients', 'input')).toMatchObject({
      loss: 'huber',
      options: { delta: 2, reduction: 'mean' },
      backend: 'wasm',
      dtype: 'float64',
      value: { dtype: 'float64', shape: [], data: [1.25] },
      gradients: { input: { dtype: 'float64', shape: [2], data: [0.5, 1] } },
    });
    expect(await evaluated(...huber)).toMatchObject({ gradients: {} });
  });

  it('reads .npy, .json and .csv, and computes in the dtype of the files', async () => {
    const npy = ['crossEntropy', '--input', file('logits.npy'), '--target', file('labels.npy'), '--gradients'];
    const value = (Math.log(1 + Math.exp(-1) + Math.exp(-2)) * 2 + 1) / 2;
    const single = await evaluated(...npy);
    expect(single.dtype).toBe('float32');
    // One unit in the last place of float32: wasm's logarithm is not correctly rounded.
    expect(Math.abs(single.value.data[0] - value)).toBeLessThan(2 ** -23);
    expect(Object.keys(single.gradients)).toEqual(['input']);
    const double = await evaluated(...npy, '--dtype', 'float64');
    expect(double.value.data[0]).toBeCloseTo(value, 15);

    const csv = ['--input', put('logits.csv', 'a,b,c\n1,2,3\n3,2,1\n'), '--target', put('labels.csv', '2\n1\n')];
    const json = ['--input', put('logits.json', '[[1,2,3],[3,2,1]]'), '--target', put('labels.json', '[2,1]')];
    for (const inputs of [csv, json])
      expect(await evaluated('crossEntropy', ...inputs)).toMatchObject({ dtype: 'float64', value: double.value });
  });

  it('takes inputs and options in kebab-case, camelCase, by --tensor and --option, and booleans by --no-', async () => {
    const ctc = ['--targets', '[[1]]', '--target-lengths', '[1]', '--logProbs', '[[[0.1, 0.2]], [[0.3, 0.4]]]'];
    const kebab = await evaluated('ctc', ...ctc, '--input-lengths', '[2]', '--logits', '--zero-infinity', 'true');
    expect(kebab).toMatchObject({ loss: 'ctc', options: { logits: true, zeroInfinity: true } });
    const camel = await evaluated(
      'ctc',
      ...ctc,
      '--tensor',
      'inputLengths=[2]',
      '--option',
      'logits=true',
      '--zeroInfinity',
    );
    expect(camel.value).toEqual(kebab.value);
    const options = ['--no-from-logits', '--ignoreIndex=null', '--label-smoothing', '0.1', '--class-axis', '-1'];
    const inputs = ['--input', '[[0.5, 0.5]]', '--target', '[1]'];
    expect((await evaluated('cross-entropy', ...inputs, ...options)).options).toEqual({
      ignoreIndex: null,
      labelSmoothing: 0.1,
      fromLogits: false,
      classAxis: -1,
      reduction: 'mean',
    });
    const triplet = ['--anchor', '[1, 2]', '--positive', '[1, 3]', '--negative', '[0, 0]', '--p', 'Infinity'];
    expect((await evaluated('tripletMargin', ...triplet)).options.p).toBe('Infinity');
  });

  it('writes NaN and ∞ as the protocol does', async () => {
    const result = await evaluated(
      'l1',
      '--input',
      '[NaN, Infinity, -0.0]',
      '--target',
      '[0, 0, 0]',
      '--reduction',
      'none',
    );
    expect(result.value.data).toEqual(['NaN', 'Infinity', 0]);
  });

  it('writes files that it reads again', async () => {
    const out = join(folder, 'out');
    await isoloss(['eval', ...huber, '--reduction', 'none', '--gradients', '--output', out]);
    const bytes = readFileSync(join(out, 'gradient-target.npy'));
    expect(readNpy(bytes, 'x', 'x')).toMatchObject({ shape: [2], data: Float64Array.of(-1, -1) });
    expect(await evaluated('mse', '--input', join(out, 'value.npy'), '--target', '[0, 0]')).toMatchObject({
      value: { data: [(0.5 ** 2 + 1.5 ** 2) / 2] },
    });
    const { code } = await isoloss(['eval', ...huber, '--gradients', '--output', join(out, 'all.json')]);
    expect(code).toBe(0);
    expect(JSON.parse(readFileSync(join(out, 'all.json'), 'utf8'))).toMatchObject({ value: { data: [1] } });
  });

  it('compares all backends side by side', async () => {
    const { code, stdout } = await isoloss(['eval', ...huber, '--gradients', 'input', '--backend', 'all']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^reference +1 +0 +0 +[\d.]+ ms$/m);
    const { backends, dtype } = await evaluated(...huber, '--backend', 'all', '--gradients');
    expect(dtype).toBe('float32');
    expect(backends.map((entry: { backend: string }) => entry.backend)).toHaveLength(6);
    for (const entry of backends.filter(({ backend }: { backend: string }) => working.includes(backend)))
      expect(entry).toMatchObject({ value: { data: [1] }, ulps: { value: 0, input: 0, target: 0 } });
    const double = await evaluated(...huber, '--backend', 'all', '--dtype', 'float64');
    for (const entry of double.backends)
      expect(entry).toMatchObject(
        /tfjs/.test(entry.backend) ? { skipped: { message: expect.any(String) } } : { value: { data: [1] } },
      );
  });

  it('says what a backend lacks, with exit code 1', async () => {
    if (!working.includes('tfjs-cpu')) return;
    const { code, stdout } = await isoloss(['eval', ...huber, '--backend', 'tfjs-cpu', '--dtype', 'float64', '--json']);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toEqual({ skipped: { message: expect.stringContaining('float64') } });
    expect((await evaluated(...huber, '--backend', 'tfjs-cpu')).dtype).toBe('float32');
  });
});

describe('what eval refuses, with the code that the protocol has', () => {
  const mse = (input: string, target = '[1, 2]') => ['mse', '--input', input, '--target', target];
  it.each([
    ['an unknown loss', ['crossEntrpy'], 'UNKNOWN_LOSS'],
    ['a missing input', ['mse', '--input', '[1]'], 'MISSING_INPUT'],
    ['an unknown input', [...mse('[1, 2]'), '--tensor', 'x=[1]'], 'UNKNOWN_INPUT'],
    ['an unknown option', [...mse('[1, 2]'), '--option', 'delta=1'], 'BAD_OPTION'],
    ['an option out of range', ['huber', ...mse('[1, 2]').slice(1), '--delta', '-1'], 'BAD_OPTION'],
    ['an option of another type', ['huber', ...mse('[1, 2]').slice(1), '--delta', 'much'], 'BAD_OPTION'],
    ['an unknown reduction', [...mse('[1, 2]'), '--reduction', 'max'], 'BAD_OPTION'],
    ['a wrong rank', ['crossEntropy', '--input', '[[1, 2]]', '--target', '[[[1]]]'], 'RANK_MISMATCH'],
    ['a wrong shape', mse('[1, 2, 3]'), 'SHAPE_MISMATCH'],
    ['ragged rows', mse('[[1], [2, 3]]'), 'BAD_TENSOR'],
    ['a label out of range', ['nll', '--input', '[[0, 0]]', '--target', '[2]'], 'LABEL_OUT_OF_RANGE'],
    ['a fraction of a label', ['nll', '--input', '[[0, 0]]', '--target', '[0.5]'], 'BAD_TENSOR'],
    ['a value outside its domain', ['bce', '--input', '[2]', '--target', '[1]'], 'VALUE_OUT_OF_DOMAIN'],
    [
      'a gradient that there is none of',
      ['nll', '--input', '[[0, 0]]', '--target', '[1]', '--gradients', 'target'],
      'NOT_DIFFERENTIABLE',
    ],
    ['a file that is not there', mse('nowhere.npy'), 'BAD_FILE'],
    ['a folder', mse('packages'), 'BAD_FILE'],
    ['a file of another kind', mse('LICENSE.png'), 'BAD_FILE'],
    ['flags before the loss', ['--dtype', 'float64', ...mse('[1, 2]')], 'BAD_REQUEST'],
  ])('%s', async (_, args, code) => {
    expect(await refused(...args)).toMatchObject({ code, message: expect.stringMatching(/\S/) });
  });

  it('a .npy file cut short, on every backend alike, with nothing written', async () => {
    const short = put('short.npy', logits.subarray(0, logits.length - 3));
    const args = ['crossEntropy', '--input', short, '--target', file('labels.npy')];
    for (const backend of working) {
      const error = await refused(...args, '--backend', backend);
      expect(error).toEqual({
        code: 'BAD_FILE',
        input: 'input',
        message: `${short}: is cut short: shape (2, 3) of <f4 takes 24 bytes, and 21 are there: it ends in element 5`,
      });
    }
  });

  it('labels that are floats, or that no int32 holds', async () => {
    const floats = put('floats.npy', writeNpy({ dtype: 'float64', shape: [2], data: Float64Array.of(2, 1) }));
    const input = ['crossEntropy', '--input', file('logits.npy')];
    expect(await refused(...input, '--target', floats)).toMatchObject({ code: 'BAD_DTYPE', input: 'target' });
    const huge = Buffer.from(labels);
    huge.writeBigInt64LE(2n ** 40n, huge.length - 8);
    expect(await refused(...input, '--target', put('huge.npy', huge))).toMatchObject({
      code: 'BAD_TENSOR',
      input: 'target',
      index: 1,
    });
  });

  it('an output that can not be written', async () => {
    for (const output of [join(file('logits.npy'), 'x'), join(folder, 'x.npy'), join(folder, 'x.xlsx')]) {
      const { code, stderr } = await isoloss(['eval', ...huber, '--gradients', '--output', output]);
      expect(code).toBe(2);
      expect(stderr).toMatch(/^isoloss: .*\n$/);
    }
  });
});
