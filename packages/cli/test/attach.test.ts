import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureBuilt, inProcess, isoloss, root } from './command.ts';

const models = join(root, 'packages/onnx/test/models');
const twoOutputs = join(models, 'dynamo-18.onnx');
const oneOutput = join(models, 'odd-function.onnx');
const folder = mkdtempSync(join(tmpdir(), 'isoloss-attach-'));
beforeAll(ensureBuilt);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('isoloss attach', () => {
  it('writes a model that gives predictions, loss and gradient, and says what is new', async () => {
    const file = join(folder, 'deep/with-loss.onnx');
    const args = ['attach', twoOutputs, 'crossEntropy', '--logits', 'output', '--gradients', '-o', file];
    const { code, stdout, stderr } = await isoloss(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/in +target +int64 +\(batch\) +new$/m);
    expect(stdout).toMatch(/out +output +float32 +\(batch, 5\)$/m);
    expect(stdout).toMatch(/out +d_output +float32 +\(batch, 5\) +new$/m);
    const session = await ort.InferenceSession.create(readFileSync(file));
    const { output, loss } = await session.run({
      image: new ort.Tensor('float32', new Float32Array(4), [1, 4]),
      target: new ort.Tensor('int64', BigInt64Array.of(2n), [1]),
    });
    const logits = Array.from(output!.data as Float32Array);
    const expected = Math.log(logits.reduce((sum, x) => sum + Math.exp(x), 0)) - logits[2]!;
    expect(loss!.data[0]).toBeCloseTo(expected, 6);
    await session.release();
  });

  it('takes options, ranks, names, a mapping, and gives JSON', async () => {
    const file = join(folder, 'huber.onnx');
    const { code, stdout } = await inProcess([
      ...['attach', twoOutputs, 'huber', '--map', 'input=features', '--rank', 'weight=2/0', '--delta', '2'],
      ...[
        '--name',
        'loss=distance,target=wanted',
        '--gradients',
        'features,weight',
        '--dtype',
        'float64',
        '--json',
        '-o',
        file,
      ],
    ]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      file,
      opset: 18,
      loss: { id: 'huber', options: { delta: 2 } },
      tensors: { input: 'features' },
      inputs: [
        { name: 'image', new: false },
        { name: 'wanted', dtype: 'float64', shape: ['batch', 3], new: true },
        { name: 'weight', dtype: 'float64', shape: [1, 3], new: true },
      ],
      outputs: [
        { name: 'output', new: false },
        { name: 'features', new: false },
        { name: 'distance', dtype: 'float64', shape: [], new: true },
        { name: 'd_features', new: true },
        { name: 'd_weight', new: true },
      ],
    });
  });

  it('takes the only float output, says so, and writes beside the model where nothing else is said', async () => {
    const model = join(folder, 'small.onnx');
    writeFileSync(model, readFileSync(oneOutput));
    const { code, stdout } = await inProcess(['attach', model, 'smooth-l1']);
    expect(code).toBe(0);
    expect(stdout).toContain('input of smoothL1 is y, the only float output (no --logits was given)');
    expect(existsSync(join(folder, 'small-with-smooth-l1.onnx'))).toBe(true);
  });

  it('shows the loss’s own options in its help', async () => {
    const { code, stdout } = await inProcess(['attach', 'model.onnx', 'crossEntropy', '--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/--label-smoothing <value>/);
    expect(stdout).toMatch(/\$ isoloss attach model\.onnx crossEntropy --logits output --gradients -o with-loss\.onnx/);
  });

  it.each([
    [
      [twoOutputs, 'mse'],
      'BAD_REQUEST',
      /which output is input\? The model gives output float32 \(batch, 5\), features float32 \(batch, 3\)$/,
    ],
    [
      [twoOutputs, 'mse', '--logits', 'nix'],
      'UNKNOWN_INPUT',
      /has no tensor nix; its outputs: output float32 \(batch, 5\), features/,
    ],
    [[twoOutputs, 'mse', '--map', 'output'], 'BAD_REQUEST', /--map takes name=value/],
    [
      [twoOutputs, 'crossEntropy', '--logits', 'output', '--gradients', 'image'],
      'UNKNOWN_INPUT',
      /no gradient by image/,
    ],
    [[twoOutputs, 'mse', '--logits', 'output', '--dtype', 'half'], 'BAD_REQUEST', /--dtype is float32 or float64/],
    [[twoOutputs, 'msee', '--logits', 'output'], 'UNKNOWN_LOSS', /msee/],
    [['--logits', 'output', twoOutputs, 'mse'], 'BAD_REQUEST', /the loss comes before all flags/],
    [['nowhere.onnx', 'mse'], 'BAD_FILE', /^nowhere\.onnx: there is no such file$/],
    [[join(root, 'package.json'), 'mse'], 'BAD_FILE', /package\.json: not an ONNX model/],
    [[join(models, 'odd-no-ranks.onnx'), 'mse', '--logits', 'y'], 'RANK_MISMATCH', /\(--rank input=2\)$/],
  ] as [string[], string, RegExp][])('refuses %j and writes nothing', async (args, code, message) => {
    const file = join(folder, 'never.onnx');
    const outcome = await inProcess(['attach', ...args, '-o', file, '--json']);
    expect(outcome.code).toBe(2);
    expect(JSON.parse(outcome.stdout).error).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(existsSync(file)).toBe(false);
  });

  it('a model of an old opset can’t be done, with what to do', async () => {
    const outcome = await inProcess([
      'attach',
      join(models, 'script-13.onnx'),
      'mse',
      '--logits',
      'output',
      '-o',
      join(folder, 'never.onnx'),
    ]);
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toMatch(/export it with opset_version=18/);
  });
});
