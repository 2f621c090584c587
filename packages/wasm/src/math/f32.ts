import { exp } from './f32/exp.ts';
import { log, log1p } from './f32/log.ts';
import type { ElementaryFunctions } from './functions.ts';

/** Elementary functions of four f32 lanes. */
export const f32Math = { exp, log, log1p } satisfies Partial<ElementaryFunctions>;

/** The largest error of each in ULP, over all 2³² inputs (scripts/ulp.mjs f32 --all). */
export const accuracy = { exp: 1, log: 1, log1p: 1 };
