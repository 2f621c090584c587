import { atan } from './f64/atan.ts';
import { exp, expm1 } from './f64/exp.ts';
import { log, log1p } from './f64/log.ts';
import { sigmoid, softplus, tanh } from './f64/logistic.ts';
import { pow } from './f64/pow.ts';
import { cos, sin } from './f64/trigonometric.ts';
import type { ElementaryFunctions } from './functions.ts';

/** Functions of f64x2: no tables, no FMA, no branch but that of sin and cos for arguments above 2·10⁵. */
export const f64Math: ElementaryFunctions = {
  exp,
  expm1,
  log,
  log1p,
  sin,
  cos,
  atan,
  pow,
  tanh,
  sigmoid,
  softplus,
  expDecay: exp,
  log1pUnit: log1p,
};

/**
 * No error is larger, in ULP of the exact result. Found, not proven: scripts/f64-ulp.mjs compares with libquadmath's 113
 * bits, here at 5·10⁶ points or more for each function (for pow at 10⁶ for each of 30 exponents), uniform where the function
 * bends, in the logarithm over all exponents, and beside the ends of each range. A little is added to what it found.
 */
export const accuracy: Readonly<Record<keyof ElementaryFunctions, number>> = {
  exp: 0.95,
  expm1: 1.3,
  log: 0.9,
  log1p: 0.95,
  sin: 0.85,
  cos: 0.85,
  atan: 1.75,
  pow: 2,
  tanh: 1.85,
  sigmoid: 1.75,
  softplus: 1.6,
  expDecay: 0.95,
  log1pUnit: 0.95,
};
