import { constant, type Dim, type Expr, iota, isOp, make, type Op, rebuild, simplify, where } from '@isoloss/core';

const isOne = (dim: Dim): boolean => dim === 1;

/** The scalar that a value repeats, if it does. */
function repeated(x: Expr): Expr | undefined {
  if (x.rank === 0) return x;
  if (isOp(x, 'broadcastTo') || (isOp(x, 'reshape') && x.shape.every(isOne))) return repeated(x.inputs[0]!);
  return undefined;
}

const withShape = (x: Expr, shape: readonly Dim[]): Expr => (shape.length === 0 ? x : x.broadcastTo(shape));

/** Stable operations that {@link rewrite} writes in a way of its own. */
export const kept: ReadonlySet<Op> = new Set<Op>(['sigmoid', 'softplus']);

type Rule = (node: Expr, inputs: readonly Expr[]) => Expr | undefined;

/** Functions that a choice is taken out of, so that what guards one use of a function doesn't keep it from being shared. */
const guarded: readonly Op[] = ['neg', 'abs', 'relu', 'exp', 'expm1', 'log', 'log1p', 'softplus'];
const takenOut: Rule = (node, [x]) => {
  if (!isOp(x!, 'where')) return undefined;
  const [condition, a, b] = x!.inputs;
  if (constantOf(a!) === undefined && constantOf(b!) === undefined) return undefined;
  const of = (operand: Expr): Expr => {
    const value = make(node.op, [operand], node.attributes as never) as Expr;
    return constantOf(operand) === undefined ? rewritten(value) : simplify([value])[0]!;
  };
  return where(condition!, of(a!), of(b!));
};

/** Rules by operation. Each is an identity, or as accurate as what it replaces. */
const rules: { readonly [K in Op]?: Rule } = {
  ...Object.fromEntries(guarded.map((op) => [op, takenOut])),
  // |−x| = |x|
  abs(node, inputs) {
    let [x] = inputs;
    if (x!.op !== 'neg') return takenOut(node, inputs);
    while (x!.op === 'neg') x = x!.inputs[0]!;
    return rewritten(x!.abs());
  },
  // e^(a − log1p r) = e^a/(1 + r), for a softmax: e^a has been computed for its sum.
  exp(node, inputs) {
    const [x] = inputs;
    if (isOp(x!, 'sub') && x.inputs[1]!.op === 'log1p' && isShifted(x.inputs[0]!)) {
      const whole = x.inputs[1]!.inputs[0]!.add(1);
      return x.inputs[0]!.exp().mul(constant(1).div(whole));
    }
    // e^(−log(1 + e^y)) = σ(−y)
    if (x!.op === 'neg' && x!.inputs[0]!.op === 'softplus') return logistic(x!.inputs[0]!.inputs[0]!.neg());
    return takenOut(node, inputs);
  },
  sigmoid: (_, [x]) => logistic(x!),
  // x/2ⁿ = x·2⁻ⁿ, exactly
  div(_, [x, by]) {
    const value = constantOf(by!);
    if (value === undefined || value <= 0 || value < 2 ** -100 || value > 2 ** 100) return undefined;
    return Number.isInteger(Math.log2(value)) ? x!.mul(1 / value) : undefined;
  },
  // c ? a : (c ? x : b) = c ? a : b
  where(_, [condition, a, b]) {
    if (isOp(b!, 'where') && b.inputs[0] === condition) return where(condition!, a!, b.inputs[2]!);
    if (isOp(a!, 'where') && a.inputs[0] === condition) return where(condition!, a.inputs[1]!, b!);
    return undefined;
  },
  // A scalar in another shape is the scalar, repeated.
  reshape(node, [x]) {
    const scalar = repeated(x!);
    return scalar && withShape(scalar, node.shape);
  },
  // One entry a line lands where the position along the line is its index: no scattered writes.
  scatterAdd(node, [x, index]) {
    const { axis, size } = (node as Expr<'scatterAdd'>).attributes;
    if (!isOne(index!.shape[axis]!)) return undefined;
    return where(positions(node, axis, size).eq(index!), x!, 0).broadcastTo(node.shape);
  },
  // The first true entry of a line, found by a running count: it stands at the least position of a true one.
  and(_, [a, b]) {
    const counted = b!;
    if (!isOp(counted, 'equal') || constantOf(counted.inputs[1]!) !== 1) return undefined;
    const [count] = counted.inputs;
    if (!isOp(count!, 'cumsum') || count.attributes.exclusive || count.attributes.reverse) return undefined;
    const [flags] = count.inputs;
    if (!isOp(flags!, 'cast') || flags.inputs[0] !== a) return undefined;
    const { axis } = count.attributes;
    const places = positions(count, axis, count.shape[axis]!).toFloat();
    const first = where(a!, places.neg(), -Infinity).max(axis, true).neg();
    return places.eq(first).broadcastTo(a!.shape);
  },
  sum: (node, [x]) => reduced(node as Expr<'sum'>, x!),
  max: (node, [x]) => reduced(node as Expr<'max'>, x!),
};

/** Both σ(x) and σ(−x) by e^−|x|, which softplus needs too. */
function logistic(x: Expr): Expr {
  const decay = decayOf(x);
  const larger = constant(1).div(decay.add(1));
  return where(constant(0).le(x), larger, decay.mul(larger));
}

const decayOf = (x: Expr): Expr => rewritten(rewritten(rewritten(x.abs()).neg()).exp());

const rewritten = (node: Expr): Expr => rules[node.op]?.(node, node.inputs) ?? node;

/** Positions along an axis, of a shape that broadcasts to the node's. */
const positions = (node: Expr, axis: number, size: Dim): Expr =>
  iota(size).reshape(node.shape.map((_, k) => (k === axis ? size : 1)));

/** Whether a value is x less its maximum, so that it is not positive (or NaN). */
export function isShifted(a: Expr): boolean {
  if (!isOp(a, 'sub')) return false;
  const [x, shift] = a.inputs;
  if (!isOp(shift!, 'where')) return false;
  const largest = shift.inputs[1]!;
  // Of a line, or of two values.
  if (largest.op === 'max') return largest.inputs[0] === x;
  return largest.op === 'maximum' && x!.op === 'minimum' && largest.inputs.every((input) => x!.inputs.includes(input));
}

/** The graph as fused loops like it. */
export function rewrite(outputs: readonly Expr[]): Expr[] {
  const apply = (before: readonly Expr[], table: typeof rules): Expr[] =>
    rebuild(before, (node, inputs) => {
      const own = make(node.op, inputs, node.attributes as never) as Expr;
      return table[own.op]?.(own, inputs) ?? own;
    });
  // What is left of softplus after the rules that know it.
  return simplify(apply(apply(outputs, rules), opened));
}

const opened: typeof rules = {
  softplus: (_, [x]) => rewritten(x!.relu()).add(rewritten(decayOf(x!).log1p())),
};

/** A reduction over neighbouring axes only, and over none of size 1: others become several, the last axes first. */
function reduced(node: Expr<'sum'> | Expr<'max'>, x: Expr): Expr {
  const axes = node.attributes.axes.filter((axis) => x.shape[axis] !== 1);
  const result = node.shape;
  const shaped = (value: Expr): Expr => (value.shape.join() === result.join() ? value : value.reshape(result));
  if (axes.length === 0) return shaped(x);
  const last = axes.at(-1)!;
  let from = axes.length - 1;
  // Axes of size 1 between them don't part neighbours.
  while (from > 0 && x.shape.slice(axes[from - 1]! + 1, axes[from]!).every(isOne)) from--;
  const run = Array.from({ length: last - axes[from]! + 1 }, (_, k) => axes[from]! + k);
  const kept = make(node.op, [x], { axes: run, keepDims: true }) as Expr;
  if (from === 0) return shaped(kept);
  const rest = make(node.op, [kept], { axes: axes.slice(0, from), keepDims: true }) as Expr<'sum'>;
  return shaped(reduced(rest, kept));
}

/** The number, if a value is a constant or one repeated. */
export const constantOf = (x: Expr): number | undefined => {
  const scalar = repeated(x);
  return scalar !== undefined && isOp(scalar, 'constant') ? scalar.attributes.value : undefined;
};
