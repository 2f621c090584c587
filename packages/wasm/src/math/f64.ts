import { exp, expm1 } from './f64/exp.ts';
import { log, log1p } from './f64/log.ts';
import { sigmoid, softplus, tanh } from './f64/logistic.ts';
import { pow } from './f64/pow.ts';
import type { ElementaryFunctions } from './functions.ts';

/** Functions of f64x2. No tables, no FMA, no branches that data decide. */
export const f64Math: Omit<ElementaryFunctions, 'sin' | 'cos' | 'atan'> = {
  exp,
  expm1,
  log,
  log1p,
  pow,
  tanh,
  sigmoid,
  softplus,
};
