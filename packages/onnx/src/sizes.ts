import { type Dim, LossInputError, type ResolvedInput, renameDim } from '@isoloss/core';
import type { ModelTensor } from './read.ts';

const isName = (dim: Dim): dim is string => typeof dim === 'string' && !/[+*]/.test(dim);

/**
 * What the sizes of a loss are called in a model, so that the same size has one name in the whole of it: as the tensors
 * have them that are inputs of the loss, a number before a name. A size that none of them has gets a name that means
 * nothing else in the model.
 *
 * @throws LossInputError SHAPE_MISMATCH if the numbers that the model says can't be
 */
export function sizeNames(
  inputs: readonly ResolvedInput[],
  tensorOf: (input: string) => ModelTensor | undefined,
  taken: ReadonlySet<string>,
): (dim: Dim) => Dim {
  const axes = inputs.flatMap(({ name, type }) =>
    type.shape.map((dim, axis) => ({ input: name, tensor: tensorOf(name), dim, axis })),
  );
  const names = new Map<string, { size: Dim; from: string }>();
  for (const { input, tensor, dim, axis } of axes) {
    const size = tensor?.dims?.[axis];
    if (size === undefined) continue;
    const known = typeof dim === 'number' ? { size: dim, from: input } : names.get(dim);
    if (typeof size === 'number' && typeof known?.size === 'number' && known.size !== size)
      throw new LossInputError(
        'SHAPE_MISMATCH',
        `${tensor!.name} has ${size} along axis ${axis} where ${input} takes ${known.size}${known.from === input ? '' : `, as ${known.from} has it`}`,
        { input },
      );
    if (isName(dim) && (known === undefined || typeof size === 'number')) names.set(dim, { size, from: input });
  }
  const used = new Set(taken);
  const own = (dim: string): string => {
    let name = dim;
    for (let k = 2; used.has(name); k++) name = `${dim}_${k}`;
    used.add(name);
    return name;
  };
  const called = (name: string): Dim => {
    if (!names.has(name)) names.set(name, { size: own(name), from: '' });
    return names.get(name)!.size;
  };
  return (dim) => (isName(dim) ? called(dim) : renameDim(dim, called));
}
