import type { Code, V128 } from '../assembler/index.ts';

/** A function of each lane: appends what it needs to `code`, and gives the result. */
export type LaneFunction = (code: Code, x: V128) => V128;

/**
 * Elementary functions of one lane type. Special values are exact: NaN in gives NaN, limits at ±∞, ±0, the ends of the
 * range, subnormals in and out.
 */
export interface ElementaryFunctions {
  readonly exp: LaneFunction;
  readonly expm1: LaneFunction;
  readonly log: LaneFunction;
  readonly log1p: LaneFunction;
  readonly sin: LaneFunction;
  readonly cos: LaneFunction;
  readonly atan: LaneFunction;
  /** x to a constant power, as JavaScript's `x ** exponent`. */
  readonly pow: (code: Code, x: V128, exponent: number) => V128;
  readonly tanh: LaneFunction;
  /** 1/(1 + e⁻ˣ). */
  readonly sigmoid: LaneFunction;
  /** log(1 + eˣ). */
  readonly softplus: LaneFunction;
  /** eˣ for x <= 0 or infinite, and 0 where that is subnormal. */
  readonly expDecay: LaneFunction;
  /** log(1 + x) for x from 0 to 1. */
  readonly log1pUnit: LaneFunction;
}
