import { loadVectors, runConformance, vectorIdsNow } from '@isoloss/conformance';
import { afterAll, expect, test } from 'vitest';
import { attachLoss } from '../src/index.ts';
import { identity } from './build.ts';
import { modelBackend } from './model-backend.ts';

// Each loss attached to a model that gives its first input, judged like a backend: every number within its bound.

const backend = modelBackend('attached', (program, dtype) => {
  const [first, ...rest] = program.inputs;
  const { name: input, type } = first!;
  // Sizes of the model's own, some of which the loss calls differently.
  const dims = type.shape.map((dim, axis) =>
    typeof dim === 'number' ? dim : (['batch', 'N', 'C'][axis] ?? `axis${axis}`),
  );
  const ones = (shape: readonly unknown[]) => shape.flatMap((dim, axis) => (dim === 1 ? [axis] : []));
  const float = dtype as 'float32';
  const elements = { float, int: 'int32', bool: 'bool' } as const;
  const model = identity(dims, { type: elements[type.dtype] });
  const gradients = Object.keys(program.gradients);
  const tensor = (name: string) => (name === input ? 'output' : name);
  const bytes = attachLoss(model, program.loss, {
    logits: 'output',
    ranks: Object.fromEntries(
      rest.map(({ name, type: { shape } }) => [name, { rank: shape.length, ones: ones(shape) }]),
    ),
    gradients: gradients.map(tensor),
    labels: 'int32',
    dtype,
  });
  const nameOf = (own: string) =>
    own === 'value' ? 'loss' : own.startsWith('d_') ? `d_${tensor(own.slice(2))}` : own === input ? 'x' : own;
  return { bytes, nameOf };
});
afterAll(() => backend.dispose());

test.each(vectorIdsNow())('%s', async (loss) => {
  const [file] = await loadVectors([loss]);
  const kept = file!.cases.filter((entry, k) => !('error' in entry.expected) && k % 7 === 0);
  const { cells } = await runConformance({
    backends: [backend],
    vectors: [{ ...file!, cases: kept }],
    dtypes: ['float32'],
  });
  const results = cells.flatMap(({ cases }) => cases);
  expect(results.length).toBeGreaterThan(0);
  expect(results.filter(({ outcome }) => outcome !== 'pass').map(({ id, reason }) => `${id}: ${reason}`)).toEqual([]);
});
