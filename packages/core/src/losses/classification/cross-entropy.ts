import * as z from 'zod';
import { constant, type Expr, size, where } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { either, float, index, mask, optional, probability } from '../../loss/inputs.ts';
import { classAxis, ignoreIndex } from '../../loss/options.ts';
import { classAxisOf } from '../../loss/shapes.ts';
import { countedLabels, labelNormalizer, lookup, weighedLog } from '../../shared/labels.ts';

/**
 * Softmax cross entropy, for class labels or for target probabilities.
 *
 * `−w_y·log softmax(x)_y for labels; −Σ_c w_c·t_c·log softmax(x)_c for probabilities`
 *
 * - `input`: float, shape (..., C) with the classes at classAxis
 * - `target`: int32 labels, shape (...); or probabilities, shape (..., C) with the classes at classAxis
 * - `weight` (optional): float, shape (C)
 * - `mask` (optional): bool, shape (...), broadcast
 *
 * Options: `ignoreIndex` (an integer or null, default -100), `labelSmoothing` (a number >= 0 and <= 1, default 0),
 * `fromLogits` (true or false, default true), `classAxis` (an integer, default 1), `reduction` ("none", "mean", "sum",
 * "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/crossEntropy.md
 */
export const crossEntropy = defineLoss({
  id: 'crossEntropy',
  aliases: ['softmaxLoss'],
  family: 'classification',
  about: {
    summary: 'Softmax cross entropy, for class labels or for target probabilities.',
    formula: '−w_y·log softmax(x)_y for labels; −Σ_c w_c·t_c·log softmax(x)_c for probabilities',
    use: 'Classification into one of C classes. `labelSmoothing` against overconfidence, `weight` against imbalance, `ignoreIndex` for padding.',
    conventions: [
      'With labels the weighted mean divides by the sum of the weights of the targets; with probabilities by the number of rows: both as in torch.',
      'A class whose target probability is 0 contributes 0, also at a logit of −∞, where torch, keras, tfjs and optax give NaN.',
      'An ignored row has gradient 0 even where it holds NaN; in torch it is NaN.',
      'fromLogits false takes probabilities as they are: no clipping and no normalising, unlike keras.',
    ],
    sources: ['torch 2.13 nn.functional.cross_entropy', 'Szegedy et al. 2016 (label smoothing)'],
    names: {
      torch: 'nn.CrossEntropyLoss',
      keras: 'SparseCategoricalCrossentropy, CategoricalCrossentropy',
      optax: 'softmax_cross_entropy',
      tfjs: 'losses.softmaxCrossEntropy',
    },
  },
  inputs: {
    input: float('... @C'),
    target: either(index('...', { below: 'C', ignore: 'ignoreIndex' }), probability('... @C')),
    weight: optional(float('C')),
    mask: mask('...'),
  },
  options: {
    ignoreIndex: ignoreIndex(),
    labelSmoothing: z.number().min(0).max(1).default(0),
    fromLogits: z.boolean().default(true),
    classAxis: classAxis(),
  },
  formula({ input, target, weight, mask }, { ignoreIndex, labelSmoothing: s, fromLogits, classAxis }) {
    const axis = classAxisOf({ classAxis }, input.rank);
    const logOf = (x: Expr) => (fromLogits ? x.logSoftmax(axis) : x.log());
    // The derivative of log at 0 would make a target of 0 there 0·∞.
    const logBeside = (t: Expr) => logOf(fromLogits ? input : where(t.eq(0).and(input.eq(0)), 1, input));
    const alongClasses = (w: Expr) => w.reshape(input.shape.map((dim, k) => (k === axis ? dim : 1)));
    const classes = size('C').toFloat();

    if (target.type.dtype === 'float') {
      const t = s === 0 ? target : target.mul(1 - s).add(constant(s).div(classes));
      const terms = weighedLog(t, logBeside(t));
      return (weight === undefined ? terms : terms.mul(alongClasses(weight))).sum(axis).neg();
    }

    const { counts, labels } = countedLabels(target, ignoreIndex);
    const kept = counts === undefined ? input : where(counts.expandDims(axis), input, 1);
    const logP = logOf(kept);
    const own = weight === undefined ? undefined : lookup(weight, labels);
    const hard = logP.pick(labels, axis).neg();
    let values = own === undefined ? hard : hard.mul(own);
    if (s > 0) {
      const spread = weight === undefined ? logP : logP.mul(alongClasses(weight));
      values = values.mul(1 - s).sub(spread.sum(axis).mul(constant(s).div(classes)));
    }
    const counted = [counts, mask?.broadcastTo(values.shape)].filter((x) => x !== undefined);
    const both = counted.length === 0 ? undefined : counted.reduce((a, b) => a.and(b));
    return { values: counts === undefined ? values : where(counts, values, 0), ...labelNormalizer(values, both, own) };
  },
});
