import type { FloatDType } from '@isoloss/core';

/** Failures that are known: they do not fail a run, and fail it when they start to pass. */
export interface Expectation {
  /** The id of a case, with `*` for any text: `huber/0007`, `ctc/*`. Every case that it matches must fail. */
  readonly pattern: string;
  /** Only in this dtype; in all where left out. */
  readonly dtype?: FloatDType;
  readonly reason: string;
  readonly link?: string;
}

const matchers = new Map<string, RegExp>();

/** Whether a pattern stands for a case. */
export function matches(pattern: string, id: string): boolean {
  let matcher = matchers.get(pattern);
  if (matcher === undefined) {
    const parts = pattern.split('*').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
    matcher = new RegExp(`^${parts.join('.*')}$`);
    matchers.set(pattern, matcher);
  }
  return matcher.test(id);
}

/** The first that stands for a case in a dtype. */
export const expectationFor = (
  expectations: readonly Expectation[] | undefined,
  id: string,
  dtype: FloatDType,
): Expectation | undefined => expectations?.find((one) => (one.dtype ?? dtype) === dtype && matches(one.pattern, id));
