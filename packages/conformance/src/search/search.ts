import {
  checkInputs,
  evaluate,
  type FloatDType,
  findLoss,
  isDifferentiable,
  type Loss,
  LossInputError,
  makeLoss,
  tensorToJSON,
} from '@isoloss/core';
import type { Grade } from '../compare.ts';
import { type LossBounds, lossBounds, type OutputBound } from '../error-bound.ts';
import { runCase, type Verdict } from '../judge.ts';
import type { Subject, SubjectRequest } from '../subject.ts';
import { messageOf } from '../text.ts';
import type { ExpectedTensor, VectorCase, VectorCaseJSON } from '../vectors.ts';
import { type Call, calls } from './draw.ts';
import { resultsOf } from './sensitivity.ts';

/** What {@link search} draws, and for whom. */
export interface SearchRequest {
  readonly loss: string;
  readonly subject: Subject;
  readonly dtype: FloatDType;
  /** How many calls are drawn, before shrinking. */
  readonly draws: number;
  /** The same seed draws the same calls. */
  readonly seed: number;
  readonly grade?: Grade | undefined;
  /** The id of the vector that a finding becomes. */
  readonly id?: string;
}

/** What a search found, and how to run it again. */
export interface SearchResult {
  readonly loss: string;
  readonly backend: string;
  readonly dtype: FloatDType;
  readonly seed: number;
  /** Calls that were drawn, those among them that are valid, and those that the subject left out. */
  readonly drawn: number;
  readonly valid: number;
  readonly skipped: number;
  /** Calls on which the reference itself broke down, neither computing nor refusing: a defect of it. */
  readonly unjudged: number;
  /** The first of them, and what it said. */
  readonly broken?: { readonly call: Call; readonly reason: string };
  readonly finding?: Finding;
}

/** The smallest call found on which a subject and the reference disagree. */
export interface Finding {
  readonly verdict: Verdict;
  /** As a vectors file has it; its expectation is the reference's, to be confirmed by the oracle. */
  readonly vector: VectorCaseJSON;
}

/** What JavaScript engines' functions have been measured to do: the accuracy of the judge. */
const judgeAccuracy = { exp: 1, expm1: 1, log: 1, log1p: 1, pow: 1 };

/**
 * Draws calls of a loss, valid and invalid, and looks for one on which a subject differs from the reference by more than
 * the error bounds of both; what it finds is shrunk to the smallest such call.
 */
export async function search(request: SearchRequest): Promise<SearchResult> {
  const fc = await import('fast-check');
  const { loss, subject, dtype, draws, seed } = request;
  const { accuracy } = await subject.describe();
  const count = { drawn: 0, valid: 0, skipped: 0, unjudged: 0 };
  let broken: SearchResult['broken'];
  const grade = request.grade ?? subject.grade ?? (subject.foreign ? 'conforming' : 'accurate');
  let nth = 0;
  // A late answer to one call must not be taken for that to the next.
  const numbered = {
    ...subject,
    run: (one: SubjectRequest) => subject.run({ ...one, id: `${one.id} call ${++nth}` }),
  };
  const attempt = async (call: Call): Promise<{ verdict: Verdict; judged: Judged } | undefined> => {
    const judged = judgeCall(call, dtype, accuracy, request.id ?? `${loss}/0000`);
    if (judged instanceof Error) {
      broken ??= { call, reason: messageOf(judged) };
      return undefined;
    }
    const { verdict } = await runCase(judged.entry, numbered, { dtype, grade, accuracy, bounds: judged.bounds });
    return { verdict, judged };
  };
  let failed: { verdict: Verdict; judged: Judged } | undefined;
  const details = await fc.check(
    fc.asyncProperty(calls(fc, loss), async (call) => {
      const tried = await attempt(call);
      if (failed === undefined) {
        count.drawn++;
        if (tried === undefined) count.unjudged++;
        else if (!('error' in tried.judged.entry.expected)) count.valid++;
        if (tried?.verdict.outcome === 'skipped') count.skipped++;
      }
      if (tried === undefined || tried.verdict.outcome === 'pass' || tried.verdict.outcome === 'skipped') return true;
      // Shrinking only goes down: the last that failed is the smallest.
      failed = tried;
      return false;
    }),
    { numRuns: draws, seed },
  );
  // Something here threw: that is no disagreement, and not to be passed over.
  if (details.failed && failed === undefined)
    throw new Error(`the search of ${loss} failed: ${messageOf(details.errorInstance)}`, {
      cause: details.errorInstance,
    });
  return {
    loss,
    backend: subject.id,
    dtype,
    seed,
    ...count,
    ...(broken === undefined ? {} : { broken }),
    ...(failed === undefined ? {} : { finding: findingOf(failed, request) }),
  };
}

interface Judged {
  readonly entry: VectorCase;
  bounds(): LossBounds | Error;
}

/** What the reference says of a call: its numbers with their bound, or the code it is refused with. */
function judgeCall(
  call: Call,
  dtype: FloatDType,
  accuracy: Readonly<Record<string, number>> | undefined,
  id: string,
): Judged | Error {
  const entry = {
    id,
    loss: call.loss,
    comment: undefined,
    flags: ['search'],
    options: call.options,
    inputs: call.inputs,
  };
  try {
    const loss = makeLoss(findLoss(call.loss), call.options);
    const gradients = differentiable(loss, call);
    const { value, gradients: found } = evaluate(loss, call.inputs, { gradients });
    const expected = {
      value: exact(value),
      gradients: Object.fromEntries(Object.entries(found).map(([name, tensor]) => [name, exact(tensor)])),
    };
    return { entry: { ...entry, expected }, bounds: () => boundsOf(loss, call, { dtype, accuracy, gradients }) };
  } catch (error) {
    if (!(error instanceof LossInputError)) return error instanceof Error ? error : new Error(String(error));
    return { entry: { ...entry, expected: { error: error.code } }, bounds: () => new Error('it is refused') };
  }
}

/** The inputs that gradients are asked of: all that have one. */
function differentiable(loss: Loss, { inputs }: Call): string[] {
  const names = checkInputs(loss, inputs)
    .resolved.filter(({ spec }) => isDifferentiable(spec))
    .map(({ name }) => name);
  return loss.definition.notDifferentiable?.(loss.options) === undefined ? names : [];
}

const exact = ({ shape, data }: { shape: readonly number[]; data: ArrayLike<number> }): ExpectedTensor => ({
  shape,
  value: Float64Array.from(data),
  low: new Float64Array(data.length),
  sensitivity: undefined,
});

/** The bound of the subject and, since it is no exact mathematics, that of the judge. */
function boundsOf(
  loss: Loss,
  { inputs }: Call,
  request: { dtype: FloatDType; accuracy: Readonly<Record<string, number>> | undefined; gradients: readonly string[] },
): LossBounds | Error {
  try {
    const own = lossBounds(loss, inputs, request);
    const judge = lossBounds(loss, inputs, { ...request, dtype: 'float64', accuracy: judgeAccuracy });
    return {
      value: sum(own.value, judge.value),
      gradients: Object.fromEntries(
        Object.entries(own.gradients).map(([name, bound]) => [name, sum(bound, judge.gradients[name]!)]),
      ),
    };
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

const sum = (own: OutputBound, judge: OutputBound): OutputBound => ({
  ...own,
  bound: own.bound.map((bound, k) => {
    const both = bound + judge.bound[k]!;
    // Where the bound itself is undefined, nothing can be said of the backend.
    return Number.isNaN(both) ? Number.POSITIVE_INFINITY : both;
  }),
});

function findingOf(
  { verdict, judged: { entry } }: { verdict: Verdict; judged: Judged },
  { subject, dtype, seed, draws }: SearchRequest,
): Finding {
  const { id, options, inputs, expected, flags } = entry;
  const reason = messageOf(verdict.reason ?? 'it differs');
  return {
    verdict,
    vector: {
      id,
      comment: `found by isoloss conformance --search ${draws} --seed ${seed} on ${subject.id} in ${dtype}: ${reason}`,
      flags,
      options,
      inputs: Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, tensorToJSON(input)])),
      expected: 'error' in expected ? { error: expected.error } : resultsOf(entry, expected),
    },
  };
}
