import { beforeAll, describe, expect, it } from 'vitest';
import { chooseBackend } from '../src/choose/choose.ts';
import { ensureBuilt, inProcess, isoloss } from './command.ts';
import { conforms, printed } from './schemas.ts';

beforeAll(ensureBuilt);

describe('filters', () => {
  it('exclude by target, size and dtype, each with its reason and remedy, before or without measuring', async () => {
    const request = { loss: 'huber', shape: [8], quick: true } as const;
    const [edge, small, dtype] = await Promise.all([
      chooseBackend({ ...request, target: 'edge', backends: ['wasm', 'onnx-node'] }),
      chooseBackend({ ...request, maxInstall: 1000, backends: ['reference'] }),
      isoloss(['choose', '--loss', 'huber', '--shape', '8', '--dtype', 'float64', '--backend', 'tfjs-cpu', '--quick']),
    ]);
    expect(edge.recommendation).toBeNull();
    expect(edge.excluded.map(({ filter }) => filter)).toEqual(['target', 'target', 'target']);
    expect(edge.excluded[0]!.reason).toContain('edge worker');
    expect(small.excluded).toMatchObject([
      { candidate: 'reference', filter: 'install size', reason: expect.stringMatching(/MB where 1\.0 kB are allowed/) },
    ]);
    expect(small.excluded[0]!.remedy).toMatch(/--max-install \d+MB/);
    conforms('choice', printed(edge));
    // Whether the package is there or not, it is out, and nothing is left.
    expect(dtype.code).toBe(1);
    expect(dtype.stdout).toMatch(/tfjs-cpu \((dtype|not installed|not available)\): /);
    expect(dtype.stdout).toContain('Nothing is left to recommend');
  });

  it('exclude what starts too slowly, and say with how much it would be in', async () => {
    const args = ['--shape', '8', '--max-cold-start', '1ms', '--backend', 'reference', '--quick', '--emit', 'config'];
    const { code, stdout, stderr } = await isoloss(['choose', '--loss', 'mse', ...args]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(
      /nothing is left to recommend: reference its first result comes after .* where 1 ms are allowed/,
    );
  });
});

describe('a request that makes no sense', () => {
  const cases: [string[], RegExp][] = [
    [[], /needs a loss, as in --loss crossEntropy/],
    [['--loss', 'crossEntrpy', '--shape', '8x3'], /did you mean crossEntropy\?/],
    [['--loss', 'mse'], /needs the shape of your data, as in --shape 4096x1000/],
    [['--loss', 'mse', '--shape', '8x'], /sizes are whole numbers from 1 on/],
    [['--loss', 'mse', '--shape', '0x8'], /sizes are whole numbers from 1 on/],
    [
      ['--loss', 'crossEntropy', '--shape', '8x3', '--shape', 'target=9'],
      /N of crossEntropy is 8 in one input and 9 in target/,
    ],
    [['--loss', 'ctc', '--shape', '50x4x20'], /needs the size S of targets.*add --shape targets=/],
    [['--loss', 'mse', '--shape', 'inptu=8'], /no input inptu; it has input, target/],
    [['--loss', 'mse', '--shape', '8', '--gradients', 'weight'], /no such input here; it has input, target/],
    [['--loss', 'mse', '--shape', '8', '--target', 'moon'], /--target is node, browser or edge, not moon/],
    [
      ['--loss', 'mse', '--shape', '8', '--objective', 'joy'],
      /--objective is latency, throughput, .* or size, not joy/,
    ],
    [['--loss', 'mse', '--shape', '8', '--dtype', 'float16'], /--dtype is float32 or float64, not float16/],
    [['--loss', 'mse', '--shape', '8', '--max-install', 'little'], /--max-install is a limit as in --max-install 50MB/],
    [['--loss', 'mse', '--shape', '8', '--max-cold-start', '-3s'], /--max-cold-start/],
    [['--loss', 'mse', '--shape', '8', '--emit', 'yaml'], /--emit is config, not yaml/],
    [['--loss', 'mse', '--shape', '8', '--backend', 'torch'], /there is no backend "torch"/],
    [['--loss', 'huber', '--shape', '8', '--option', 'delta=-1'], /delta/],
  ];
  it.each(cases)('%j', async (args, message) => {
    const { code, stdout, stderr } = await inProcess(['choose', ...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });
});
