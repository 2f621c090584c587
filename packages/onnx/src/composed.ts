import type { Dim, TensorType } from '@isoloss/core';
import type { GraphBuilder } from './builder.ts';
import { elementTypes } from './proto.ts';

// Functions that ONNX, or ONNX Runtime, lacks or gets wrong, written in operations that it gets right. They take and give
// names of values. Where is the slowest elementwise operation of ONNX Runtime by far, so there is little of it.

/** |x| < ∞, which is false for NaN too. */
export function finite(graph: GraphBuilder, x: string): string {
  return graph.node('Less', [graph.node('Abs', [x]), graph.constant('float', Number.POSITIVE_INFINITY)]);
}

/** The largest finite number of a type. */
const largestFinite = { float32: 3.4028234663852886e38, float64: Number.MAX_VALUE };

/** The smallest number that no runtime rounds to 0. */
const smallestNormal = { float32: 1.1754943508222875e-38, float64: 2.2250738585072014e-308 };

const limitOf = (graph: GraphBuilder, limits: typeof largestFinite): number =>
  limits[graph.elementType('float') as keyof typeof largestFinite];

/**
 * x drawn out beyond ±1 and cut there: Sign is ten times as slow, and 0 for a NaN. Twice the largest number draws out
 * subnormal ones too.
 */
export function sign(graph: GraphBuilder, x: string): string {
  const largest = graph.constant('float', limitOf(graph, largestFinite));
  const drawn = graph.node('Mul', [graph.node('Mul', [x, largest]), largest]);
  return graph.node('Clip', [drawn, graph.constant('float', -1), graph.constant('float', 1)]);
}

/**
 * log(1+x): with u = 1+x rounded, log(u) + (x − (u−1))/u, where the difference is what the rounding lost, exactly. At −1
 * and ∞ it would be 0/0 and ∞−∞, so that there the correction takes u for the nearest number that it can: it is 0 and ∞ then.
 * `bounded` says that x is finite and not negative.
 */
export function log1p(graph: GraphBuilder, x: string, bounded = false): string {
  const one = graph.constant('float', 1);
  const u = graph.node('Add', [x, one]);
  const limits = [smallestNormal, largestFinite].map((limit) => graph.constant('float', limitOf(graph, limit)));
  const near = bounded ? u : graph.node('Clip', [u, ...limits]);
  const lost = graph.node('Div', [graph.node('Sub', [x, graph.node('Sub', [near, one])]), near]);
  return graph.node('Add', [graph.node('Log', [u]), lost]);
}

/**
 * exp(x) − 1: with u = exp(x) rounded, (u−1) + u·(x − log(u)), where the difference is what the rounding of u lost. Beyond
 * |x| = 0.7 u−1 cancels no more than one digit, and x − log(u) would lose more than it gives.
 */
export function expm1(graph: GraphBuilder, x: string): string {
  const u = graph.node('Exp', [x]);
  const lost = graph.node('Mul', [u, graph.node('Sub', [x, graph.node('Log', [u])])]);
  const near = graph.node('Less', [graph.node('Abs', [x]), graph.constant('float', 0.7)]);
  const correction = graph.node('Where', [near, lost, graph.constant('float', 0)]);
  return graph.node('Add', [graph.node('Sub', [u, graph.constant('float', 1)]), correction]);
}

export function reduce(graph: GraphBuilder, op: string, x: string, axes: readonly number[], keepDims: boolean): string {
  // Without axes ONNX would reduce all.
  return axes.length === 0 ? x : graph.reduce(op, x, axes, keepDims);
}

/** ReduceMax loses a NaN, depending on where it stands. A sum of numbers in [−1, 1] is NaN only if one of them is. */
export function max(graph: GraphBuilder, x: string, axes: readonly number[], keepDims: boolean): string {
  if (axes.length === 0) return x;
  const bounded = graph.node('Clip', [x, graph.constant('float', -1), graph.constant('float', 1)]);
  const total = reduce(graph, 'ReduceSum', bounded, axes, keepDims);
  return graph.node('Where', [graph.node('IsNaN', [total]), total, reduce(graph, 'ReduceMax', x, axes, keepDims)]);
}

/** What is made of the exponentials of a line, of which the largest is 1. */
interface Line {
  /** The maximum, or the finite number nearest to it. */
  readonly shift: string;
  readonly shifted: string;
  readonly powers: string;
  /** Σ of the powers without one maximum. */
  readonly rest: string;
  /** log1p of the rest. */
  readonly log: string;
}

/**
 * The parts of log Σ exp(x). The same operations as in core's definition but for two: a NaN that ReduceMax loses comes back
 * through the sum, and exp(0) − 1 is 0 as well as where(x = m, 0, …) is.
 */
export function logSumExpParts(graph: GraphBuilder, x: string, axis: number): Line {
  const largest = reduce(graph, 'ReduceMax', x, [axis], true);
  const limit = limitOf(graph, largestFinite);
  const shift = graph.node('Clip', [largest, graph.constant('float', -limit), graph.constant('float', limit)]);
  const shifted = graph.node('Sub', [x, shift]);
  const powers = graph.node('Exp', [shifted]);
  const isLargest = graph.node('Cast', [graph.node('Equal', [shifted, graph.constant('float', 0)])], {
    to: elementTypes[graph.elementType('float')],
  });
  const others = graph.node('Sub', [powers, isLargest]);
  const ties = graph.node('Sub', [reduce(graph, 'ReduceSum', isLargest, [axis], true), graph.constant('float', 1)]);
  const rest = graph.node('Add', [reduce(graph, 'ReduceSum', others, [axis], true), ties]);
  return { shift, shifted, powers, rest, log: log1p(graph, rest) };
}

/** More than any sum of shares, and a number of which the inverse is not 0 in any runtime. */
const manyLines = 1e30;

/**
 * exp of a log softmax times a factor of each line: powers/total. And 1 less that: (1 − power)/total + rest/total, in which
 * nothing cancels; where a logit is +∞, so that the rest is ∞, this is 1 for the others.
 */
export function share(
  graph: GraphBuilder,
  x: string,
  axis: number,
  { complement, factor }: { complement: boolean; factor?: string | undefined },
): string {
  const { powers, rest } = logSumExpParts(graph, x, axis);
  const one = graph.constant('float', 1);
  const total = graph.node('Add', [rest, one]);
  const scale = graph.node('Div', [factor ?? one, total]);
  if (!complement) return graph.node('Mul', [powers, scale]);
  const bounded = (value: string) => graph.node('Min', [value, graph.constant('float', manyLines)]);
  const restShare = graph.node('Div', [bounded(rest), bounded(total)]);
  const restPart = factor === undefined ? restShare : graph.node('Mul', [restShare, factor]);
  return graph.node('Add', [graph.node('Mul', [graph.node('Sub', [one, powers]), scale]), restPart]);
}

/**
 * log(exp(a) + exp(b) + …) as in core's definition: the largest, and log1p of the others beside it. The shift is kept
 * finite, and the sum at what it is at most, so that neither needs a Where; finite numbers are not changed by that.
 */
export function logAddExp(graph: GraphBuilder, operands: readonly string[]): string {
  let largest = operands[0]!;
  const others = operands.slice(1).map((x) => {
    const smaller = graph.node('Min', [largest, x]);
    largest = graph.node('Max', [largest, x]);
    return smaller;
  });
  if (others.length === 0) return largest;
  const limit = limitOf(graph, largestFinite);
  const shift = graph.node('Clip', [largest, graph.constant('float', -limit), graph.constant('float', limit)]);
  const total = others
    .map((x) => graph.node('Exp', [graph.node('Sub', [x, shift])]))
    .reduce((a, b) => graph.node('Add', [a, b]));
  const bounded = graph.node('Min', [total, graph.constant('float', others.length)]);
  return graph.node('Add', [log1p(graph, bounded, true), largest]);
}

/**
 * Positions that sort along an axis, ascending and stable, NaN last: TopK of all, which breaks ties by position, but in
 * which NaN has no place. TopK of nothing ends the process.
 */
export function argsort(graph: GraphBuilder, x: string, axis: number, type: TensorType): string {
  const nan = graph.node('IsNaN', [x]);
  const keys = graph.node('Where', [nan, graph.constant('float', Number.POSITIVE_INFINITY), x]);
  const [order] = unlessEmpty(graph, type.shape, [type], (branch) => {
    const inputs = [keys, graph.shape([type.shape[axis]!])];
    return branch.nodeOf('TopK', inputs, 2, { axis, largest: 0, sorted: 1 }).slice(1);
  });
  // NaN now stands among the +∞ at the end, by position: a stable partition puts it behind them.
  const at = graph.constant('int', axis);
  const int = (bools: string) => graph.node('Cast', [bools], { to: elementTypes.int64 });
  const isLast = graph.node('GatherElements', [nan, order!], { axis });
  const [last, first] = [int(isLast), int(graph.node('Not', [isLast]))];
  const before = (counts: string) => graph.node('CumSum', [counts, at], { exclusive: 1 });
  const behind = graph.node('Add', [reduce(graph, 'ReduceSum', first, [axis], true), before(last)]);
  const position = graph.node('Where', [isLast, behind, before(first)]);
  return graph.node('ScatterElements', [order!, position, order!], { axis });
}

/**
 * scatterAdd by an index that is the same along some axes: whole runs along these are added at once (ScatterND), some ten
 * times faster than one by one. `index` has size 1 along `repeated`; `shape` is the result's.
 */
export function scatterRuns(
  graph: GraphBuilder,
  { x, index, indexShape }: { x: string; index: string; indexShape: readonly Dim[] },
  { axis, repeated, shape }: { axis: number; repeated: readonly number[]; shape: readonly Dim[] },
): string {
  const own = shape.flatMap((_, k) => (repeated.includes(k) ? [] : [k]));
  const permutation = [...own, ...repeated];
  const ownShape = graph.shape(own.map((k) => indexShape[k]!));
  const coordinates = own.map((k, at) => {
    if (k === axis) return graph.node('Squeeze', [index, graph.constant('int', repeated)]);
    const positions = graph.range(indexShape[k]!);
    const after = own.slice(at + 1).map((_, n) => n + 1);
    const column = after.length === 0 ? positions : graph.node('Unsqueeze', [positions, graph.constant('int', after)]);
    return graph.node('Expand', [column, ownShape]);
  });
  const columns = coordinates.map((column) => graph.node('Unsqueeze', [column, graph.constant('int', [-1])]));
  const indices = columns.length === 1 ? columns[0]! : graph.node('Concat', columns, { axis: -1 });
  const zeros = graph.node('Expand', [graph.constant('float', 0), graph.shape(permutation.map((k) => shape[k]!))]);
  const updates = transpose(graph, x, permutation);
  const added = graph.scatterAdd('ScatterND', [zeros, indices, updates]);
  return transpose(
    graph,
    added,
    permutation.map((_, k) => permutation.indexOf(k)),
  );
}

export const transpose = (graph: GraphBuilder, x: string, perm: readonly number[]): string =>
  perm.every((axis, k) => axis === k) ? x : graph.node('Transpose', [x], { perm });

/**
 * What `write` writes, where ONNX Runtime does not take a size of 0: for that there is a branch, which gives `init` for the
 * first results and nothing, in the right shape, for the others.
 */
export function unlessEmpty(
  graph: GraphBuilder,
  sizes: readonly Dim[],
  types: readonly TensorType[],
  write: (branch: GraphBuilder) => string[],
  init: readonly string[] = [],
): string[] {
  if (sizes.every((size) => typeof size === 'number' && size > 0)) return write(graph);
  const branch = (name: string, values: (branch: GraphBuilder) => string[]) => {
    const body = graph.body();
    return body.finish(name, body.results(values(body), types));
  };
  const branches = {
    then_branch: branch('none', (none) =>
      types.map(
        ({ dtype, shape }, k) =>
          init[k] ?? none.nodeOf('Expand', [graph.constant(dtype, 0), graph.shape(shape)], 1)[0]!,
      ),
    ),
    else_branch: branch('some', write),
  };
  const isEmpty = graph.node('Equal', [graph.count(sizes), graph.constant('int', 0)]);
  return graph.nodeOf('If', [isEmpty], types.length, branches);
}
