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
