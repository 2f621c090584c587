import type { Expr } from '../graph/expr.ts';

/** By how much more the chosen answer gained over the reference model than the rejected one, in log-probability. */
export const advantage = (x: { chosen: Expr; rejected: Expr; referenceChosen: Expr; referenceRejected: Expr }): Expr =>
  x.chosen.sub(x.referenceChosen).sub(x.rejected.sub(x.referenceRejected));
