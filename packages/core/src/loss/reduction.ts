import { constant, type Expr, stack, where } from '../graph/expr.ts';
import type { LossTerms, Reduction } from './define.ts';

export interface ReductionInputs {
  /** Elementwise weights, and what they do to the mean. */
  readonly weight?: { readonly value: Expr; readonly meanOver: 'weights' | 'count' } | undefined;
  readonly mask?: Expr | undefined;
}

/** The outcome of a loss: its value, and the scalar or array whose gradient is asked for when none is given upstream. */
export interface Reduced {
  readonly value: Expr;
  /** What `gradients` differentiate the sum of: the value, or the numerator where the value is partial sums. */
  readonly differentiated: Expr;
}

/**
 * Reduces the unreduced loss: weights multiply it, masked elements become exactly 0 (also where they are NaN), and the
 * mean divides a numerator by a normalizer. A mean of nothing is 0/0 = NaN; its gradient is 0, since every path to an
 * input goes through a `where` that takes nothing, or over an empty axis.
 */
export function reduce(reduction: Reduction, terms: LossTerms, { weight, mask }: ReductionInputs): Reduced {
  const applied = (x: Expr): Expr => {
    const weighted = weight === undefined ? x : x.mul(weight.value);
    return mask === undefined ? weighted : where(mask, weighted, 0);
  };
  const values = applied(terms.values);
  // Without axes there is nothing to reduce, but a mean with a normalizer of its own (class weights) still divides.
  const scalar =
    values.rank === 0 &&
    terms.normalizer === undefined &&
    terms.contributions === undefined &&
    weight === undefined &&
    mask === undefined;
  if (reduction === 'none') return { value: values, differentiated: values };
  if (reduction === 'sum') return plain(values.sum());
  const contributions = terms.contributions === undefined ? values : applied(terms.contributions);
  const numerator = contributions.sum();
  if (reduction === 'batchmean') return plain(values.rank === 0 ? numerator : numerator.div(values.count(0)));
  const normalizer = normalizerOf();
  if (reduction === 'partial') return { value: stack([numerator, normalizer], 0), differentiated: numerator };
  return plain(scalar ? numerator : numerator.div(normalizer));

  function plain(value: Expr): Reduced {
    return { value, differentiated: value };
  }

  function normalizerOf(): Expr {
    if (terms.normalizer !== undefined) return terms.normalizer;
    const one = weight?.meanOver === 'weights' ? weight.value : constant(1);
    if (mask !== undefined) return where(mask, one, 0).broadcastTo(values.shape).sum();
    return weight?.meanOver === 'weights' ? one.broadcastTo(values.shape).sum() : values.count();
  }
}
