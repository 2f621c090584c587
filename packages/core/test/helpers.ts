import { LossInputError } from '../src/index.ts';

/** A tensor's data as plain numbers. */
export const numbers = (tensor: { data: ArrayLike<number> }) => Array.from(tensor.data);
/** The code of the error that an action ends in. */
export const codeOf = (action: () => unknown): string => {
  try {
    action();
  } catch (error) {
    if (error instanceof LossInputError) return error.code;
    throw error;
  }
  return 'no error';
};
