import {
  type InputSpec,
  isDifferentiable,
  type Loss,
  type LossDefinition,
  resolveInputs,
  type Signature,
  sizeOf,
  type Tensor,
} from '@isoloss/core';

const sizes: Readonly<Record<string, number>> = { N: 4, C: 5, D: 3, T: 6, S: 2, K: 5, D1: 2 };

/** Numbers in [0, 1) that are the same in every run. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

export interface Sample {
  readonly loss: Loss;
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly gradients: readonly string[];
}

/** The losses of the catalogue for which {@link sample} makes inputs; for the others there are points.ts. */
export const sampled: readonly string[] = [
  ...['l1', 'mse', 'huber', 'smoothL1', 'bce', 'bceWithLogits', 'sigmoidFocal', 'crossEntropy', 'nll', 'klDiv'],
  ...['wasserstein1d', 'tripletMargin', 'arcFace', 'ctc'],
];

/** Legal inputs of a loss, read off its definition; numbers of about the given size. `empty` has no examples. */
export function sample(loss: Loss, { scale = 1, seed = 1, empty = false, optional = true } = {}): Sample {
  const { definition, options } = loss;
  const next = random(seed);
  const signature = signatureFor(definition, optional);
  const resolved = resolveInputs(definition, options, signature);
  const size = (dim: number | string) => (typeof dim === 'number' ? dim : empty && dim === 'N' ? 0 : (sizes[dim] ?? 3));
  const inputs: Record<string, Tensor> = {};
  for (const { name, spec, type } of resolved) {
    const shape = type.shape.map(size);
    inputs[name] = { shape, ...valuesOf(spec, sizeOf(shape), scale, next, size) };
  }
  const gradients = resolved
    .filter(({ spec, type }) => type.dtype === 'float' && isDifferentiable(spec))
    .map(({ name }) => name);
  return { loss, inputs, gradients };
}

function signatureFor(definition: LossDefinition, optional: boolean): Signature {
  const rank = (spec: InputSpec): number =>
    spec.shape
      .split('|')[0]!
      .trim()
      .split(/\s+/)
      .filter(Boolean)
      .reduce((total, token) => total + (token === '...' ? 1 : 1), 0);
  return Object.fromEntries(
    Object.entries(definition.inputs)
      .filter(([, spec]) => optional || !spec.optional)
      .map(([name, spec]) => [name, { rank: rank(spec) }]),
  );
}

function valuesOf(
  spec: InputSpec,
  count: number,
  scale: number,
  next: () => number,
  size: (dim: string) => number,
): Pick<Tensor, 'dtype' | 'data'> {
  const floats = (value: () => number) => ({
    dtype: 'float32' as const,
    data: Float32Array.from({ length: count }, value),
  });
  const integers = (limit: number) => ({
    dtype: 'int32' as const,
    data: Int32Array.from({ length: count }, () => Math.floor(next() * limit)),
  });
  switch (spec.kind) {
    case 'index':
      return integers(size(spec.below!));
    case 'length':
      return { dtype: 'int32', data: new Int32Array(count).fill(size(spec.atMost!)) };
    case 'mask':
      return { dtype: 'bool', data: Uint8Array.from({ length: count }, () => Number(next() < 0.7)) };
    case 'sign':
      return floats(() => (next() < 0.5 ? -1 : 1));
    case 'binary':
      return floats(() => Number(next() < 0.5));
    case 'probability':
      return floats(() => 0.05 + 0.9 * next());
    case 'logProbability':
      return floats(() => -scale * (0.1 + next()));
    default:
      // Positive where it may be a variance or a weight; both signs else.
      return spec.optional ? floats(() => 0.25 + next()) : floats(() => scale * (2 * next() - 1));
  }
}
