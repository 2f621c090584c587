import type { Op, Primitive, Rule } from './attributes.ts';
import * as elementwise from './elementwise.ts';
import * as indices from './index-ops.ts';
import * as reduce from './reduce.ts';
import { outputRule, scanRule } from './scan.ts';
import * as shape from './shape.ts';
import { stableRules } from './stable.ts';

/** The meaning of every primitive. Backends have a table of the same keys. */
export const primitives: { readonly [K in Primitive]: Rule<K> } = {
  input: indices.input,
  constant: elementwise.constantRule,
  size: indices.size,
  iota: indices.iota,
  add: elementwise.add,
  sub: elementwise.sub,
  mul: elementwise.mul,
  div: elementwise.div,
  minimum: elementwise.minimum,
  maximum: elementwise.maximum,
  neg: elementwise.neg,
  abs: elementwise.abs,
  sign: elementwise.sign,
  sqrt: elementwise.sqrt,
  exp: elementwise.exp,
  expm1: elementwise.expm1,
  log: elementwise.log,
  log1p: elementwise.log1p,
  relu: elementwise.relu,
  sin: elementwise.sin,
  cos: elementwise.cos,
  atan: elementwise.atan,
  pow: elementwise.pow,
  equal: elementwise.equal,
  less: elementwise.less,
  lessEqual: elementwise.lessEqual,
  isNaN: elementwise.isNotANumber,
  isFinite: elementwise.isFiniteNumber,
  and: elementwise.and,
  or: elementwise.or,
  not: elementwise.not,
  where: elementwise.whereRule,
  cast: elementwise.cast,
  stopGradient: elementwise.stopGradient,
  reshape: shape.reshape,
  broadcastTo: shape.broadcastTo,
  transpose: shape.transpose,
  slice: shape.slice,
  reverse: shape.reverse,
  concat: shape.concat,
  sum: reduce.sum,
  max: reduce.max,
  matmul: reduce.matmul,
  gather: indices.gather,
  scatterAdd: indices.scatterAdd,
  argsort: indices.argsort,
  cumsum: indices.cumsum,
  scan: scanRule,
  output: outputRule,
};

/** Whether every backend lowers it itself, rather than by its body. */
export const isPrimitive = (op: Op): op is Primitive => op in primitives;

type TypeAndDerivative<K extends Op> = Pick<Rule<K>, 'infer' | 'derivative'>;

/** Type rule and derivative of every operation; a stable one has the type of its body. */
export const rules = {
  ...primitives,
  ...Object.fromEntries(
    Object.entries(stableRules).map(([op, rule]) => [
      op,
      {
        infer: (_types, attributes, nodes) =>
          (rule as (typeof stableRules)['clip']).body(nodes, attributes as never).type,
        derivative: rule.derivative,
      } as TypeAndDerivative<Op>,
    ]),
  ),
} as unknown as { readonly [K in Op]: TypeAndDerivative<K> };
