import {
  type Backend,
  type BackendDescription,
  createRunner,
  type FloatDType,
  findLoss,
  type Loss,
  type LossInputs,
  makeLoss,
  type Tensor,
} from '@isoloss/core';
import type { Grade } from './compare.ts';

/** What one case asks of an implementation. */
export interface SubjectRequest {
  readonly id: string;
  readonly loss: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly dtype: FloatDType;
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly gradients: readonly string[];
}

/** What an implementation leaves out, and why. */
export interface Skip {
  readonly message: string;
  readonly link?: string;
}

/** Something done against the line protocol that no single case answers for; it fails a run. */
export interface Violation {
  readonly what: string;
  readonly count: number;
  /** The request at which it was first seen. */
  readonly first: string;
}

/** Value and gradients, each of which may be left out with a reason. */
export type SubjectAnswer =
  | {
      readonly value: Tensor;
      readonly gradients: Readonly<Record<string, Tensor | { readonly skipped: Skip }>>;
    }
  | { readonly skipped: Skip };

/**
 * Anything that computes losses and can be judged: a backend of ours, or a program behind the line protocol. Bad input is
 * a LossInputError, what it can't do is an UnsupportedError or `skipped`; any other error is reported as such.
 */
export interface Subject {
  readonly id: string;
  /** A foreign implementation is judged by the grade `conforming`, and any LossInputError matches an expected one. */
  readonly foreign?: boolean;
  /** How it is judged where the run doesn't say; by `foreign` where left out. */
  readonly grade?: Grade;
  /** What it is, and whether it works here. */
  describe(): Promise<BackendDescription>;
  /** Computes one case. */
  run(request: SubjectRequest): Promise<SubjectAnswer>;
  /** What it did against the protocol since the last call, beside what its cases report. */
  violations?(): Promise<readonly Violation[]>;
  /** Gives back what it keeps; ends what it started. */
  dispose(): Promise<void>;
}

export const isBackend = (subject: Backend | Subject): subject is Backend => 'compile' in subject;

/**
 * A backend as something to judge. Other losses than the catalogue's may stand in for it: `lossOf` makes the loss that
 * runs, from id and options.
 */
export function subjectOf(
  backend: Backend,
  lossOf: (id: string, options: Readonly<Record<string, unknown>>) => Loss = (id, options) =>
    makeLoss(findLoss(id), options),
): Subject {
  const runner = createRunner(backend);
  return {
    id: backend.id,
    describe: () => backend.describe(),
    run: ({ loss, options, inputs, dtype, gradients }) =>
      runner.run(lossOf(loss, options), inputs as LossInputs, { dtype, gradients }),
    dispose: async () => runner.dispose(),
  };
}
