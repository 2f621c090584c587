import { type Attributes, type Evaluation, type NDArray, type Op, primitives, type Rule } from '@isoloss/core';
import { type BoundContext, type Bounded, moved } from './bounds/bounded.ts';
import * as elements from './bounds/elementwise.ts';
import * as logic from './bounds/logic.ts';
import * as reduce from './bounds/reduce.ts';
import * as stable from './bounds/stable.ts';
import type { FloatFormat } from './float.ts';

/** The bound of an operation's result from those of its operands. */
export type ErrorRule = (inputs: readonly Bounded[], context: BoundContext) => Bounded;

/** An operation that only moves elements moves their bounds as well. */
const movement: ErrorRule = (inputs, { node, attributes, shape, sizes }) => {
  const rule = primitives[node.op as 'reshape'] as Rule<'reshape'>;
  const context = { attributes, shape, sizes } as Evaluation<'reshape'>;
  return moved(inputs[0]!, (array) => rule.evaluate([array], context));
};

const concat: ErrorRule = (inputs, { attributes, shape, sizes }) => {
  const context = { attributes, shape, sizes } as Evaluation<'concat'>;
  const joined = <D extends NDArray['data']>(
    part: (x: Bounded) => D | undefined,
    empty: (x: Bounded) => D,
  ): D | undefined =>
    inputs.every((input) => part(input) === undefined)
      ? undefined
      : (primitives.concat.evaluate(
          inputs.map((input) => ({ shape: input.shape, data: part(input) ?? empty(input) })),
          context,
        ).data as D);
  const zeros = (input: Bounded) => new Float64Array(input.data.length);
  return {
    shape,
    data: joined(
      (input) => input.data,
      (input) => input.data,
    )!,
    down: joined((input) => input.down, zeros),
    up: joined((input) => input.up, zeros),
    uncertain: joined(
      (input) => input.uncertain,
      (input) => new Uint8Array(input.data.length),
    ),
  };
};

/** Sizes and counting: exact. */
const counted: ErrorRule = (_, { node, attributes, shape, sizes }) =>
  (primitives[node.op as 'size'] as Rule<'size'>).evaluate([], { attributes, shape, sizes } as Evaluation<'size'>);

const elsewhere: ErrorRule = (_, { node }) => {
  throw new Error(`${node.op} is evaluated by the bound's own loop`);
};

/** How the error of every operation arises. `tsc` names the row that a new operation lacks. */
export const errorRules: { readonly [K in Op]: ErrorRule } = {
  input: elsewhere,
  constant: reduce.constant,
  size: counted,
  iota: counted,
  add: elements.elementwise(elements.add),
  sub: elements.elementwise(elements.sub),
  mul: elements.elementwise(elements.mul),
  div: elements.elementwise(elements.div),
  minimum: elements.elementwise(elements.minimum),
  maximum: elements.elementwise(elements.maximum),
  neg: elements.elementwise(elements.neg),
  abs: elements.elementwise(elements.abs),
  sign: elements.elementwise(elements.sign),
  sqrt: elements.elementwise(elements.sqrt),
  exp: elements.elementwise(elements.exp),
  expm1: elements.elementwise(elements.expm1),
  log: elements.elementwise(elements.log),
  log1p: elements.elementwise(elements.log1p),
  relu: elements.elementwise(elements.relu),
  sin: elements.elementwise(elements.sin),
  cos: elements.elementwise(elements.cos),
  atan: elements.elementwise(elements.atan),
  pow: elements.elementwise(elements.pow),
  equal: logic.comparison('equal'),
  less: logic.comparison('less'),
  lessEqual: logic.comparison('lessEqual'),
  isNaN: logic.classification(Number.isNaN),
  isFinite: logic.classification(Number.isFinite),
  and: logic.logic((a, b) => a & b, 0),
  or: logic.logic((a, b) => a | b, 1),
  not: logic.logic((a) => 1 - a, undefined),
  where: logic.where,
  cast: logic.cast,
  // Stopped for the gradient only: the value (a detached weight, say) has the errors that it has. A shift that is put back
  // is whatever it came out as.
  stopGradient: ([x], { attributes }) =>
    (attributes as Attributes['stopGradient']).arbitrary ? { shape: x!.shape, data: x!.data } : x!,
  reshape: movement,
  broadcastTo: movement,
  transpose: movement,
  slice: movement,
  reverse: movement,
  concat,
  sum: reduce.sum,
  max: reduce.max,
  matmul: reduce.matmul,
  gather: reduce.gather,
  scatterAdd: reduce.scatterAdd,
  argsort: reduce.argsort,
  cumsum: reduce.cumsum,
  scan: elsewhere,
  output: elsewhere,
  sigmoid: stable.stableElementwise,
  softplus: stable.stableElementwise,
  tanh: stable.stableElementwise,
  logCosh: stable.stableElementwise,
  complementPower: stable.stableElementwise,
  floorStraightThrough: stable.stableElementwise,
  clip: stable.stableElementwise,
  clampedLog: stable.stableElementwise,
  clampedLog1m: stable.stableElementwise,
  xlogy: stable.stableElementwise,
  logAddExp: stable.stableElementwise,
  logisticLoss: stable.stableElementwise,
  mixturePower: stable.stableElementwise,
  robust: stable.stableElementwise,
  expExcess: stable.stableElementwise,
  halfDeviance: stable.stableElementwise,
  fraction: stable.stableElementwise,
  logSumExp: stable.stableAlongAxis(stable.logSumExp, true),
  logSoftmax: stable.stableAlongAxis(stable.logSoftmax, false),
  softmax: stable.stableAlongAxis(stable.softmax, false),
  softmaxDivergence: stable.softmaxDivergence,
  norm: stable.stableAlongAxis(stable.norm, true),
  unit: stable.stableAlongAxis(stable.unit, false),
};

/** Largest error of an operation's own rounding, in ULP, by operation. */
export type Accuracy = Readonly<Record<string, number>>;

/**
 * What is asked of a backend that states nothing: the arithmetic of IEEE 754 (half an ULP), and elementary functions as
 * native libraries have them. log1p and expm1 are composed where a runtime lacks them.
 */
export const nativeAccuracy: Accuracy = {
  div: 1,
  sqrt: 1,
  exp: 2,
  log: 4,
  log1p: 8,
  expm1: 8,
  sin: 2,
  cos: 2,
  atan: 4,
  pow: 32,
};

/** Relative error of an operation's rounding: an ULP is at most 2u of the value. */
export const relativeError = (op: Op, accuracy: Accuracy | undefined, { u }: FloatFormat): number =>
  2 * u * (accuracy?.[op] ?? nativeAccuracy[op] ?? 0.5);
