import { LossInputError } from '@isoloss/core';

/** A file that can't be read as what it is said to be. */
export const badFile = (file: string, message: string, input: string): LossInputError =>
  new LossInputError('BAD_FILE', `${file}: ${message}`, { input });
