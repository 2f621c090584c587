import { productOfDims } from '../graph/dim.ts';
import { constant, type Expr, iota, where } from '../graph/expr.ts';

/** Labels of which some may be left out: which count, and labels that are safe to index with. */
export function countedLabels(target: Expr, ignoreIndex: number | null): { counts: Expr | undefined; labels: Expr } {
  if (ignoreIndex === null) return { counts: undefined, labels: target };
  const counts = target.ne(ignoreIndex);
  return { counts, labels: where(counts, target, constant(0, 'int')) };
}

/** Entries of a vector, one for each label: the result has the labels' shape. */
export const lookup = (vector: Expr, labels: Expr): Expr =>
  vector.gather(labels.reshape([productOfDims(labels.shape)]), 0).reshape(labels.shape);

/** Whether entry k along the last axis is the row's own label: (N) → (N, K). */
export const isLabel = (labels: Expr, classes: Expr): Expr =>
  iota(classes.shape.at(-1)!)
    .reshape([1, classes.shape.at(-1)!])
    .eq(labels.expandDims(1));

/** −log softmax at the label, for logits (N, K). */
export const softmaxCrossEntropy = (logits: Expr, labels: Expr): Expr => logits.logSoftmax(-1).pick(labels, -1).neg();

/** t·log p, where a target of 0 silences log 0: a class or an item that is ruled out. */
export const weighedLog = (target: Expr, logP: Expr): Expr =>
  target.mul(where(target.eq(0).and(logP.eq(-Infinity)), 0, logP));

/** What the mean over labels divides by: the weights of those that count, or their number; the default where all do. */
export function labelNormalizer(
  values: Expr,
  counts: Expr | undefined,
  weights: Expr | undefined,
): { normalizer?: Expr } {
  if (counts === undefined && weights === undefined) return {};
  const share = weights ?? constant(1).broadcastTo(values.shape);
  return { normalizer: (counts === undefined ? share : where(counts, share, 0)).sum() };
}

/** Whether each entry along the class axis is its row's own label. */
export function isClass(labels: Expr, scores: Expr, axis: number): Expr {
  const classes = scores.shape[axis]!;
  return labels.expandDims(axis).eq(iota(classes).reshape(scores.shape.map((_, k) => (k === axis ? classes : 1))));
}

/** A vector over the classes, shaped to repeat against scores. */
export const alongAxis = (vector: Expr, scores: Expr, axis: number): Expr =>
  vector.reshape(scores.shape.map((dim, k) => (k === axis ? dim : 1)));

/**
 * log((1 − p_y)/p_y) for p = softmax(scores): the others' log-sum-exp less the label's own score. −log p_y is its
 * softplus and 1 − p_y its sigmoid, which keep their digits, slopes too, where p_y is near 1.
 */
export const oddsAgainst = (scores: Expr, labels: Expr, axis: number): Expr =>
  where(isClass(labels, scores, axis), -Infinity, scores)
    .logSumExp(axis)
    .sub(scores.pick(labels, axis));

/** The same for every class: sums over the others from both sides, without a subtraction; the largest by itself. */
export function oddsAgainstEach(scores: Expr, axis: number): Expr {
  const largest = scores.max(axis, true).stopGradient();
  const tops = scores.eq(largest);
  const top = tops.and(tops.toFloat().cumsum(axis).eq(1));
  const ofTop = where(top, -Infinity, scores).logSumExp(axis, true).sub(scores);
  const terms = scores.sub(largest).exp();
  const others = terms.cumsum(axis, { exclusive: true }).add(terms.cumsum(axis, { exclusive: true, reverse: true }));
  return where(top, ofTop, where(top, 1, others).log().sub(scores.sub(largest)));
}
