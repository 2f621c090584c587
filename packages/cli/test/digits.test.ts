import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { availableBackends, ensureBuilt, isoloss, root } from './command.ts';

const folder = join(root, 'examples/digits');
const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8'));

/** The number that train.py computes of torch's gradient: every element has a part in it. */
const checksum = (data: readonly number[]): number => data.reduce((sum, g, k) => sum + g * ((k % 97) + 1), 0);
const norm = (data: readonly number[]): number => Math.sqrt(data.reduce((sum, g) => sum + g * g, 0));
const absolute = (data: readonly number[]): number => data.reduce((sum, g) => sum + Math.abs(g), 0);

let backends: string[];
beforeAll(async () => {
  await ensureBuilt();
  backends = await availableBackends();
});

async function crossEntropy(...args: string[]) {
  const files = ['--input', join(folder, 'logits.npy'), '--target', join(folder, 'labels.npy')];
  const { code, stdout, stderr } = await isoloss(['eval', 'crossEntropy', ...files, '--gradients', '--json', ...args]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const { value, gradients } = JSON.parse(stdout);
  expect(gradients.input.shape).toEqual([expected.rows, 10]);
  return { value: value.data[0] as number, gradient: gradients.input.data as number[] };
}

// The checksum is small beside what it sums (it cancels), so what it may be off by goes by the sum of magnitudes.
const close = (gradient: readonly number[], torch: typeof expected.torch.mean.gradient, epsilon: number) => {
  expect(norm(gradient) / torch.norm).toBeCloseTo(1, Math.floor(-Math.log10(epsilon)));
  expect(Math.abs(absolute(gradient) - torch.absolute)).toBeLessThan(epsilon * torch.absolute);
  expect(Math.abs(checksum(gradient) - torch.checksum)).toBeLessThan(97 * epsilon * torch.absolute);
};

describe('the digits, as scikit-learn and torch have them', () => {
  it('in float32 on every backend that works here', async () => {
    expect(backends).toEqual(expect.arrayContaining(['reference', 'wasm', 'onnx-node', 'tfjs-wasm', 'tfjs-cpu']));
    for (const backend of backends) {
      const { value, gradient } = await crossEntropy('--backend', backend, '--dtype', 'float32');
      expect(Math.abs(value / expected.sklearn.value - 1), backend).toBeLessThan(4e-7);
      expect(Math.abs(value / expected.torch.mean.value - 1), backend).toBeLessThan(4e-7);
      close(gradient, expected.torch.mean.gradient, 1e-6);
    }
  });

  it.each(['reference', 'onnx-node'])('in float64 on %s, to the last digits', async (backend) => {
    const { value, gradient } = await crossEntropy('--backend', backend, '--dtype', 'float64');
    expect(Math.abs(value / expected.sklearn.value - 1)).toBeLessThan(1e-15);
    expect(Math.abs(value / expected.torch.mean.value - 1)).toBeLessThan(1e-15);
    close(gradient, expected.torch.mean.gradient, 1e-14);
  });

  it('with label smoothing', async () => {
    const { value, gradient } = await crossEntropy('--label-smoothing', '0.1', '--dtype', 'float64');
    const torch = expected.torch['labelSmoothing 0.1'];
    expect(Math.abs(value / torch.value - 1)).toBeLessThan(1e-15);
    close(gradient, torch.gradient, 1e-14);
  });
});
