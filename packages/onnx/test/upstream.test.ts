import { checkInputs, isDifferentiable, lossFromJSON, referenceBackend, shapeOf, trace } from '@isoloss/core';
import { afterAll, expect, test } from 'vitest';
import { points } from '../../core/test/points.ts';
import { onnxBackend, toOnnx } from '../src/index.ts';

const backends = [referenceBackend(), onnxBackend({ threads: 1 })];
afterAll(() => Promise.all(backends.map((backend) => backend.dispose())));

const cases = Object.entries(points).map(([id, [point]]) => [id, point!] as const);

test.each(cases)('%s takes a cotangent of its unreduced values from upstream', async (id, { inputs, options }) => {
  const loss = lossFromJSON(id, { ...options, reduction: 'none' });
  const { signature, resolved, sizes } = checkInputs(loss, inputs);
  const gradients = resolved.filter(({ spec }) => isDifferentiable(spec)).map(({ name }) => name);
  const shape = shapeOf(trace(loss, { signature }).value.shape, sizes);
  const upstream = { shape, data: Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, k) => 0.5 + k) };
  const request = { dtype: 'float64' as const, signature, gradients, upstream: true };
  const [expected, got] = await Promise.all(
    backends.map(async (backend) => {
      const compiled = await backend.compile(loss, request);
      const result = await compiled.run({ ...inputs, upstream });
      compiled.dispose();
      return result;
    }),
  );
  for (const name of gradients) {
    const wanted = Array.from(expected!.gradients[name]!.data);
    const scale = Math.max(...wanted.map(Math.abs), 1e-3);
    Array.from(got!.gradients[name]!.data).forEach((x, k) => {
      expect(Math.abs(x - wanted[k]!), `${name}[${k}]`).toBeLessThanOrEqual(1e-10 * scale);
    });
  }
  expect(toOnnx(loss, { inputs: signature, gradients, upstream: true }).length).toBeGreaterThan(100);
});
