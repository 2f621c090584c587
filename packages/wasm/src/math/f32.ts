import { exp, expDecay, expm1, log1pUnit, sigmoid, softplus, tanh } from './f32/exp.ts';
import { log, log1p } from './f32/log.ts';
import { pow } from './f32/pow.ts';
import { atan, cos, sin } from './f32/trigonometric.ts';
import type { ElementaryFunctions, LaneFunction } from './functions.ts';

/** The functions read their operand more than once. */
const bound =
  (of: LaneFunction): LaneFunction =>
  (code, x) =>
    of(code, code.let(x));

/** Elementary functions of four f32 lanes. */
export const f32Math: ElementaryFunctions = {
  exp: bound(exp),
  expm1: bound(expm1),
  log: bound(log),
  log1p: bound(log1p),
  sin: bound(sin),
  cos: bound(cos),
  atan: bound(atan),
  pow: (code, x, exponent) => pow(code, code.let(x), exponent),
  tanh: bound(tanh),
  sigmoid: bound(sigmoid),
  softplus: bound(softplus),
  expDecay: bound(expDecay),
  log1pUnit: bound(log1pUnit),
};

/**
 * The largest error of each in ULP, over all 2³² inputs (scripts/ulp.mjs f32 --all), of cos over every 251st. Of pow it
 * is that of the powers by products; the others stayed below 0.99 over every 251st input of eight exponents.
 */
export const accuracy: { readonly [K in keyof ElementaryFunctions]: number } = {
  exp: 0.99,
  expm1: 1.08,
  log: 0.91,
  log1p: 0.96,
  sin: 0.51,
  cos: 0.51,
  atan: 1.32,
  pow: 2.31,
  tanh: 1.06,
  sigmoid: 2,
  softplus: 1.99,
  expDecay: 1,
  log1pUnit: 1.5,
};
