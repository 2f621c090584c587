import { type FloatDType, findLoss, LossInputError, makeLoss, type Tensor, UnsupportedError } from '@isoloss/core';
import { combineComparisons, compareOutput, type ElementResult, type Grade } from './compare.ts';
import { type LossBounds, lossBounds } from './error-bound.ts';
import type { Accuracy } from './error-rules.ts';
import type { Given } from './pairs.ts';
import type { CaseResult } from './result.ts';
import type { Skip, Subject, SubjectAnswer } from './subject.ts';
import { messageOf } from './text.ts';
import type { VectorCase } from './vectors.ts';

/** What is found about a case, beside what the case says of itself. */
export type Verdict = Omit<CaseResult, 'id' | 'flags' | 'comment' | 'options'>;

export interface CaseContext {
  readonly dtype: FloatDType;
  readonly grade: Grade;
  readonly accuracy: Accuracy | undefined;
  /** The bounds of the case, where they are not those of its definition alone. */
  bounds?(): LossBounds | Error;
}

export interface Judged {
  readonly verdict: Verdict;
  /** The numbers themselves, to be compared with those of others. */
  readonly given: Given;
}

/** Runs one case and judges the answer. Never throws. */
export async function runCase(entry: VectorCase, subject: Subject, context: CaseContext): Promise<Judged> {
  const { expected } = entry;
  const gradients = 'error' in expected ? [] : Object.keys(expected.gradients);
  let answer: SubjectAnswer;
  try {
    answer = await subject.run({
      id: entry.id,
      loss: entry.loss,
      options: entry.options,
      dtype: context.dtype,
      inputs: entry.inputs,
      gradients,
    });
  } catch (error) {
    const verdict = judgeError(error, entry, subject);
    return { verdict, given: verdict.outcome === 'skipped' ? 'skipped' : undefined };
  }
  if ('skipped' in answer) {
    const { message, link } = answer.skipped;
    return { verdict: { outcome: 'skipped', reason: message, ...(link ? { link } : {}) }, given: 'skipped' };
  }
  return { verdict: judgeAnswer(answer, entry, context), given: answer };
}

function judgeAnswer(answer: Numbers, entry: VectorCase, context: CaseContext): Verdict {
  const { expected } = entry;
  if ('error' in expected)
    return { outcome: 'fail', reason: `expected the error ${expected.error}, got ${inWords(answer.value)}` };
  const bounds = context.bounds?.() ?? boundsOf(entry, context);
  if (bounds instanceof Error)
    return { outcome: 'error', reason: `the bound could not be computed: ${bounds.message}` };
  return judge(answer, entry as AnsweredCase, bounds, context);
}

type Numbers = Exclude<SubjectAnswer, { skipped: unknown }>;

/** The beginning of a result, for a message. */
function inWords({ data, shape }: Tensor): string {
  const shown = Array.from(data.subarray(0, 4), String).join(', ');
  return shape.length === 0 ? `the result ${shown}` : `the result [${shown}${data.length > 4 ? ', …' : ''}]`;
}

type AnsweredCase = VectorCase & { expected: Exclude<VectorCase['expected'], { error: unknown }> };

function judge(
  answer: Numbers,
  { expected }: AnsweredCase,
  bounds: LossBounds,
  { dtype, grade }: CaseContext,
): Verdict {
  const skippedGradients: Record<string, Skip> = {};
  const parts = [compareOutput('value', answer.value, expected.value, bounds.value, { dtype, grade })];
  for (const [name, gradient] of Object.entries(expected.gradients)) {
    const got = answer.gradients[name];
    if (got !== undefined && 'skipped' in got) skippedGradients[name] = got.skipped;
    else
      parts.push(compareOutput(name, got as Tensor | undefined, gradient, bounds.gradients[name]!, { dtype, grade }));
  }
  const all = combineComparisons(parts);
  const left = Object.keys(skippedGradients);
  const measured = {
    reached: all.reached,
    ...(all.worst ? { ratio: all.worst.ratio, worst: all.worst } : {}),
    ...(all.worstUlp ? { ulp: all.worstUlp.ulp } : {}),
    indeterminate: all.indeterminate,
    ...(all.reached === 'accurate' || all.inaccurate === undefined ? {} : { inaccurate: all.inaccurate }),
    ...(left.length > 0 ? { skippedGradients } : {}),
  };
  if (!all.passed)
    return { outcome: 'fail', reason: all.problem ?? firstFailure(all.failures), ...measured, failures: all.failures };
  if (left.length > 0) return { outcome: 'skipped', reason: `no gradient by ${left.join(', ')}`, ...measured };
  return { outcome: 'pass', ...measured };
}

const firstFailure = ([first]: readonly ElementResult[]): string =>
  first === undefined
    ? 'differs'
    : `${first.output}[${first.index}] is ${first.got}, exactly ${first.exact}: an error of ${first.error.toPrecision(3)} where ${first.allowed.toPrecision(3)} is allowed`;

function judgeError(error: unknown, { expected }: VectorCase, subject: Subject): Verdict {
  if (error instanceof UnsupportedError) return { outcome: 'skipped', reason: error.message };
  if (error instanceof LossInputError) {
    if (!('error' in expected)) return { outcome: 'fail', reason: `refused with ${error.code}: ${error.message}` };
    if (subject.foreign || error.code === expected.error) return { outcome: 'pass', reached: 'accurate' };
    return { outcome: 'fail', reason: `expected the error ${expected.error}, got ${error.code}: ${error.message}` };
  }
  return { outcome: 'error', reason: messageOf(error) };
}

const boundsOfCase = new WeakMap<VectorCase, Map<string, LossBounds | Error>>();

/** The bound of a case, computed once for all backends of one accuracy, and for all runs over the same vectors. */
export function boundsOf(
  entry: VectorCase,
  { dtype, accuracy }: { readonly dtype: FloatDType; readonly accuracy: Accuracy | undefined },
): LossBounds | Error {
  const known = boundsOfCase.get(entry) ?? new Map<string, LossBounds | Error>();
  boundsOfCase.set(entry, known);
  const key = `${dtype} ${JSON.stringify(accuracy ?? null)}`;
  let found = known.get(key);
  if (found === undefined) {
    const gradients = 'error' in entry.expected ? [] : Object.keys(entry.expected.gradients);
    try {
      found = lossBounds(makeLoss(findLoss(entry.loss), entry.options), entry.inputs, { dtype, accuracy, gradients });
    } catch (error) {
      found = error instanceof Error ? error : new Error(String(error));
    }
    known.set(key, found);
  }
  return found;
}
