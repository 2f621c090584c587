import {
  type FloatDType,
  type Loss,
  LossInputError,
  type LossInputs,
  resolveInputs,
  signatureOf,
  toTensor,
} from '@isoloss/core';
import type { FileArray } from './array.ts';

/**
 * Makes of what files hold what the loss takes. Whole numbers become floats where floats are wanted (a target of 0 and 1
 * that was saved as int64) and int64 becomes int32 if it fits; floats never become labels, since that is a mistake
 * more often than not, unless they come from text, which has no types.
 * @throws LossInputError as every backend does
 */
export function fitInputs(loss: Loss, arrays: Readonly<Record<string, FileArray>>, dtype: FloatDType): LossInputs {
  const { definition, options } = loss;
  const shapes = Object.fromEntries(Object.entries(arrays).map(([name, { shape }]) => [name, shape]));
  const resolved = resolveInputs(definition, options, signatureOf(definition, shapes));
  return Object.fromEntries(
    resolved.map(({ name, type }) => {
      const { shape, data, kind } = arrays[name]!;
      const real = kind === 'float32' || kind === 'float64';
      if (type.dtype !== 'float' && real)
        throw new LossInputError(
          'BAD_DTYPE',
          `${name} is ${kind}; it must be ${type.dtype === 'int' ? "int32 (numpy: a.astype('i4'))" : "bool (numpy: a.astype('?'))"}`,
          { input: name },
        );
      if (type.dtype === 'int') return [name, toTensor({ dtype: 'int32', shape, data }, 'int32', name)];
      if (type.dtype === 'bool') return [name, toTensor({ dtype: 'bool', shape, data }, 'bool', name)];
      return [name, toTensor({ dtype: real ? kind : dtype, shape, data }, dtype, name)];
    }),
  );
}

/** The dtype to compute in where the user doesn't say: float32 if a file holds float32 and none holds more. */
export function dtypeOf(loss: Loss, arrays: Readonly<Record<string, FileArray>>): FloatDType {
  const kinds = Object.entries(arrays)
    .filter(([name]) => !['index', 'length', 'mask'].includes(loss.definition.inputs[name]?.kind ?? 'index'))
    .map(([, { kind }]) => kind);
  return kinds.includes('float32') && !kinds.includes('float64') && !kinds.includes('number') ? 'float32' : 'float64';
}
