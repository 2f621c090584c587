import { LossInputError } from '../errors.ts';
import { complement, type Expr, fraction } from '../graph/expr.ts';
import { classAxisOf } from '../loss/shapes.ts';

export type Activation = 'none' | 'sigmoid' | 'softmax';

/** Probabilities from what a model gives. */
export const activated = (x: Expr, activation: Activation, axis: number): Expr =>
  activation === 'none' ? x : activation === 'sigmoid' ? x.sigmoid() : x.softmax(axis);

/** 1 − {@link activated}, which keeps its digits where a model is sure. */
export const complementOf = (x: Expr, activation: Activation, axis: number): Expr =>
  activation === 'none' ? complement(x) : activation === 'sigmoid' ? x.neg().sigmoid() : x.softmaxComplement(axis);

/**
 * Sums over the positions of a region: everything but the class axis, and, per sample, but the batch. Without a class
 * axis everything but the batch. Classes alone (rank 1) are their own regions.
 */
export function overTotals(like: Expr, classAxis: number | null, per: 'sample' | 'batch'): (x: Expr) => Expr {
  const batch = like.rank === 1 && classAxis !== null ? null : classAxis === 0 ? 1 : 0;
  const kept = [classAxis, per === 'sample' ? batch : null];
  const axes = like.shape.flatMap((_, axis) => (kept.includes(axis) ? [] : [axis]));
  // (N, C), also where the classes come last.
  return (x) => x.sum(axes);
}

/** A softmax over axis 1 wants an input of this rank. */
export function softmaxNeedsClasses(activation: Activation, shape: readonly number[], rank: number) {
  if (activation !== 'softmax' || shape.length >= rank) return undefined;
  const message = `a softmax over axis 1 needs an input of rank >= ${rank}; it has ${shape.length}`;
  return new LossInputError('RANK_MISMATCH', message, { input: 'input' });
}

/** Regions over the whole batch couple its examples: partial results of shards can't be merged. */
export const batchHasNoPartial = ({ per, reduction }: { per: 'sample' | 'batch'; reduction?: unknown }) =>
  per === 'batch' && reduction === 'partial' ? 'reduction "partial" needs per "sample"' : undefined;

/** What two soft sets have in common and what only one has, as sums that don't cancel. */
export function overlaps(
  input: Expr,
  target: Expr,
  activation: Activation,
  axis: number,
  total: (x: Expr) => Expr,
): { hits: Expr; falsePositives: Expr; falseNegatives: Expr } {
  const p = activated(input, activation, axis);
  return {
    hits: total(p.mul(target)),
    falsePositives: total(p.mul(complement(target))),
    falseNegatives: total(complementOf(input, activation, axis).mul(target)),
  };
}

/** 1 − I/(I + alpha·FP + beta·FN), and 0 where there is nothing on either side. */
export function tverskyLoss(
  input: Expr,
  target: Expr,
  alpha: number,
  beta: number,
  options: { activation: Activation; smooth: number; per: 'sample' | 'batch'; classAxis: number },
): Expr {
  const axis = classAxisOf(options, input.rank);
  const total = overTotals(input, axis, options.per);
  const { hits, falsePositives, falseNegatives } = overlaps(input, target, options.activation, axis, total);
  return fraction(falsePositives.mul(alpha).add(falseNegatives.mul(beta)), hits.add(options.smooth));
}
