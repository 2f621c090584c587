import { TraceError } from '../errors.ts';
import type { Attributes, Op } from '../ops/attributes.ts';
import { rules } from '../ops/index.ts';
import { type Dim, mulDims } from './dim.ts';
import { axisOf, type TensorType } from './type.ts';

/** Anything a formula may write where a value is meant. */
export type Operand = Expr | number;

/**
 * One value of a formula: an immutable node of the graph. Equal nodes are one object, so common subexpressions cost
 * nothing and `===` is structural equality. Made only through {@link make} and the methods below.
 */
export class Expr<K extends Op = Op> {
  readonly id: number;
  readonly op: K;
  readonly inputs: readonly Expr[];
  readonly attributes: Attributes[K];
  readonly type: TensorType;

  /** @internal Use {@link make}. */
  constructor(id: number, op: K, inputs: readonly Expr[], attributes: Attributes[K], type: TensorType) {
    this.id = id;
    this.op = op;
    this.inputs = inputs;
    this.attributes = attributes;
    this.type = type;
  }

  get rank(): number {
    return this.type.shape.length;
  }
  get shape(): readonly Dim[] {
    return this.type.shape;
  }

  // Arithmetic
  /** this + other; here and below, a number stands for a constant, and sizes of 1 repeat. */
  add(other: Operand): Expr {
    return make('add', [this, lift(other, this)]);
  }
  /** this − other. */
  sub(other: Operand): Expr {
    return make('sub', [this, lift(other, this)]);
  }
  /** this · other. */
  mul(other: Operand): Expr {
    return make('mul', [this, lift(other, this)]);
  }
  /** this / other, as IEEE 754 has it: 0/0 is NaN. */
  div(other: Operand): Expr {
    return make('div', [this, lift(other, this)]);
  }
  /** The smaller of the two; NaN if either is; a tie shares the gradient. */
  minimum(other: Operand): Expr {
    return make('minimum', [this, lift(other, this)]);
  }
  /** The larger of the two; NaN if either is; a tie shares the gradient. */
  maximum(other: Operand): Expr {
    return make('maximum', [this, lift(other, this)]);
  }
  /** −this. */
  neg(): Expr {
    return make('neg', [this]);
  }
  /** |this|, with derivative 0 at 0. */
  abs(): Expr {
    return make('abs', [this]);
  }
  /** −1, 0 or 1, with gradient 0. */
  sign(): Expr {
    return make('sign', [this]);
  }
  /** this². */
  square(): Expr {
    return this.mul(this);
  }
  /** √this; NaN below 0. */
  sqrt(): Expr {
    return make('sqrt', [this]);
  }
  /** eˣ. */
  exp(): Expr {
    return make('exp', [this]);
  }
  /** eˣ − 1, exact near 0. */
  expm1(): Expr {
    return make('expm1', [this]);
  }
  /** Natural logarithm: −∞ at 0, NaN below. */
  log(): Expr {
    return make('log', [this]);
  }
  /** log(1 + this), exact near 0. */
  log1p(): Expr {
    return make('log1p', [this]);
  }
  /** Sine of radians. */
  sin(): Expr {
    return make('sin', [this]);
  }
  /** Cosine of radians. */
  cos(): Expr {
    return make('cos', [this]);
  }
  /** Arc tangent, in radians. */
  atan(): Expr {
    return make('atan', [this]);
  }
  /** max(this, 0), with derivative 0 at 0. */
  relu(): Expr {
    return make('relu', [this]);
  }
  /** this to a constant power. */
  pow(exponent: number): Expr {
    return exponent === 1 ? this : exponent === 2 ? this.square() : make('pow', [this], { exponent });
  }

  // Comparison and logic
  /** Whether they are equal; NaN equals nothing. Comparisons give bool. */
  eq(other: Operand): Expr {
    return make('equal', [this, lift(other, this)]);
  }
  /** Whether they differ. */
  ne(other: Operand): Expr {
    return this.eq(other).not();
  }
  /** this < other. */
  lt(other: Operand): Expr {
    return make('less', [this, lift(other, this)]);
  }
  /** this <= other. */
  le(other: Operand): Expr {
    return make('lessEqual', [this, lift(other, this)]);
  }
  /** this > other. */
  gt(other: Operand): Expr {
    return make('less', [lift(other, this), this]);
  }
  /** this >= other. */
  ge(other: Operand): Expr {
    return make('lessEqual', [lift(other, this), this]);
  }
  /** Whether it is NaN. */
  isNaN(): Expr {
    return make('isNaN', [this]);
  }
  /** Whether it is neither NaN nor infinite. */
  isFinite(): Expr {
    return make('isFinite', [this]);
  }
  /** Both, of bools. */
  and(other: Expr): Expr {
    return make('and', [this, other]);
  }
  /** At least one, of bools. */
  or(other: Expr): Expr {
    return make('or', [this, other]);
  }
  /** The other one, of a bool. */
  not(): Expr {
    return make('not', [this]);
  }
  /** An int or bool as float; true is 1. */
  toFloat(): Expr {
    return this.type.dtype === 'float' ? this : make('cast', [this], { dtype: 'float' });
  }
  /** A float or bool as int; a fraction is cut off. */
  toInt(): Expr {
    return this.type.dtype === 'int' ? this : make('cast', [this], { dtype: 'int' });
  }
  /** The value, with gradient 0. */
  stopGradient(): Expr {
    return make('stopGradient', [this], { arbitrary: false });
  }
  /** The value as a shift: with gradient 0, and such that the result does not depend on it, so that its error does not count. */
  asShift(): Expr {
    return make('stopGradient', [this], { arbitrary: true });
  }

  // Shape
  /** The same elements in another shape; the number of elements must be the same polynomial of sizes. */
  reshape(shape: readonly Dim[]): Expr {
    return make('reshape', [this], { shape });
  }
  /** Repeats right-aligned: an axis that is missing or of size 1 takes the size of `shape`. */
  broadcastTo(shape: readonly Dim[]): Expr {
    return make('broadcastTo', [this], { shape });
  }
  /** Axes in another order: axis k of the result is axis `permutation[k]` of this. */
  transpose(permutation: readonly number[]): Expr {
    return make('transpose', [this], { permutation });
  }
  /** From `start` up to, not with, `end` along `axis`. Negative axes count from the last one, here and below. */
  slice(axis: number, start: Dim, end: Dim): Expr {
    return make('slice', [this], { axis: axisOf(axis, this.rank), start, end });
  }
  /** Last first along `axis`. */
  reverse(axis: number): Expr {
    return make('reverse', [this], { axis: axisOf(axis, this.rank) });
  }
  /** With a new axis of size 1. */
  expandDims(axis: number): Expr {
    const at = axisOf(axis, this.rank + 1);
    return this.reshape([...this.shape.slice(0, at), 1, ...this.shape.slice(at)]);
  }
  /**
   * Without an axis of size 1.
   * @throws TraceError if its size is another
   */
  squeeze(axis: number): Expr {
    const at = axisOf(axis, this.rank);
    if (this.shape[at] !== 1) throw new TraceError(`squeeze: axis ${axis} has size ${this.shape[at]}, not 1`);
    return this.reshape(this.shape.filter((_, index) => index !== at));
  }

  // Reduction
  /** The sum over axes, all where left out; 0 of nothing. `keepDims` keeps them with size 1. */
  sum(axes: Axes = 'all', keepDims = false): Expr {
    return make('sum', [this], { axes: axesOf(axes, this.rank), keepDims });
  }
  /** The largest over axes; NaN if any is; ties share the gradient. */
  max(axes: Axes = 'all', keepDims = false): Expr {
    return make('max', [this], { axes: axesOf(axes, this.rank), keepDims });
  }
  /** The smallest over axes; NaN if any is; ties share the gradient. */
  min(axes: Axes = 'all', keepDims = false): Expr {
    return this.neg().max(axes, keepDims).neg();
  }
  /** The mean over axes; NaN of nothing. */
  mean(axes: Axes = 'all', keepDims = false): Expr {
    return this.sum(axes, keepDims).div(this.count(axes));
  }
  /** Whether any element along the axes is true. */
  any(axes: Axes = 'all', keepDims = false): Expr {
    return this.toFloat().max(axes, keepDims).gt(0);
  }
  /** The number of elements along the axes, a float scalar. */
  count(axes: Axes = 'all'): Expr {
    return size(
      axesOf(axes, this.rank)
        .map((axis) => this.shape[axis]!)
        .reduce(mulDims, 1),
    ).toFloat();
  }

  // Contraction, indices, order
  /** The matrix product over the last axis of this and the last but one of `other`; axes before them are the same in both. */
  matmul(other: Expr): Expr {
    return make('matmul', [this, other]);
  }
  /** `this[…, index[…, k, …], …]` along `axis`: numpy's take_along_axis, torch's gather. */
  gather(index: Expr, axis: number): Expr {
    return make('gather', [this, index], { axis: axisOf(axis, this.rank) });
  }
  /** Zeros of `size` along `axis`, with each element of `this` added at its index: the transpose of {@link Expr.gather}. */
  scatterAdd(index: Expr, axis: number, size: Dim): Expr {
    return make('scatterAdd', [this, index], { axis: axisOf(axis, this.rank), size });
  }
  /** The element at `index` along `axis`, one a line: `index` has this value's shape without `axis`, and so has the result. */
  pick(index: Expr, axis: number): Expr {
    return this.gather(index.expandDims(axis), axis).squeeze(axis);
  }
  /** Rows of a matrix: `this[index[i], :]`. */
  rows(index: Expr): Expr {
    return this.gather(index.expandDims(1).broadcastTo([index.shape[0]!, this.shape[1]!]), 0);
  }
  /** Indices that sort along `axis`, smallest first; equal elements stay in their order. */
  argsort(axis: number): Expr {
    return make('argsort', [this], { axis: axisOf(axis, this.rank) });
  }
  /** Sorted along `axis`, smallest first, with the gradient of that permutation. */
  sort(axis: number): Expr {
    return this.gather(this.argsort(axis), axis);
  }
  /** Running sums along `axis`; `exclusive` leaves each element out of its own, `reverse` starts at the end. */
  cumsum(axis: number, options: { exclusive?: boolean; reverse?: boolean } = {}): Expr {
    return make('cumsum', [this], { axis: axisOf(axis, this.rank), exclusive: false, reverse: false, ...options });
  }

  // Stable operations: they own their derivative (ops/stable.ts)
  /** 1/(1 + e⁻ˣ). */
  sigmoid(): Expr {
    return make('sigmoid', [this]);
  }
  /** Hyperbolic tangent. */
  tanh(): Expr {
    return make('tanh', [this]);
  }
  /** log cosh, exact near 0. */
  logCosh(): Expr {
    return make('logCosh', [this]);
  }
  /** log(1 + eˣ), without overflow. */
  softplus(): Expr {
    return make('softplus', [this]);
  }
  /** log(1/(1 + e⁻ˣ)), without overflow. */
  logSigmoid(): Expr {
    return this.neg().softplus().neg();
  }
  /** Kept within [low, high], with derivative 1 at both bounds. */
  clip(low: number, high: number): Expr {
    return make('clip', [this], { low, high });
  }
  /** log Σ eˣ along `axis`, without overflow; −∞ where all are, with gradient 0. */
  logSumExp(axis: number, keepDims = false): Expr {
    const kept = make('logSumExp', [this], { axis: axisOf(axis, this.rank) });
    return keepDims ? kept : kept.squeeze(axis);
  }
  /** log(eˣ / Σ eˣ) along `axis`, exact on confident rows too. */
  logSoftmax(axis: number): Expr {
    return make('logSoftmax', [this], { axis: axisOf(axis, this.rank) });
  }
  /** eˣ / Σ eˣ along `axis`. */
  softmax(axis: number): Expr {
    return make('softmax', [this], { axis: axisOf(axis, this.rank), complement: false });
  }
  /** 1 − softmax, exact to the last digits where that is small. */
  softmaxComplement(axis: number): Expr {
    return make('softmax', [this], { axis: axisOf(axis, this.rank), complement: true });
  }
  /** The p-norm along `axis`, with gradient 0 where the norm is 0. */
  norm(axis: number, p = 2, keepDims = false): Expr {
    const kept = make('norm', [this], { axis: axisOf(axis, this.rank), p });
    return keepDims ? kept : kept.squeeze(axis);
  }
  /** eˣ − 1 − x. */
  expExcess(): Expr {
    return make('expExcess', [this]);
  }
  /** Barron's robust loss of an error, for alpha < 2 or beyond; −∞ is 1 − exp(−x²/2). */
  robust(alpha: number): Expr {
    return make('robust', [this], { alpha });
  }
  /** Lines of length 1 along `axis`: this over its length, or over `low` where it is shorter; a line of zeros stays. */
  unit(axis: number, low = 0): Expr {
    return make('unit', [this], { axis: axisOf(axis, this.rank), low });
  }
  /** this · log(other), and 0 where this is 0. */
  xlogy(other: Expr): Expr {
    return make('xlogy', [this, other]);
  }
}

/** Axes to reduce over: one, several, or `'all'`; negative ones count from the last. */
export type Axes = 'all' | number | readonly number[];

const axesOf = (axes: Axes, rank: number): number[] =>
  axes === 'all'
    ? Array.from({ length: rank }, (_, axis) => axis)
    : [axes]
        .flat()
        .map((axis) => axisOf(axis, rank))
        .sort((a, b) => a - b);

// Interning. Weak, so that a long-lived process that compiles many losses keeps only the graphs in use.
const interned = new Map<string, WeakRef<Expr>>();
const collected = new FinalizationRegistry<string>((key) => {
  if (interned.get(key)?.deref() === undefined) interned.delete(key);
});
let nextId = 1;

function keyOf(value: unknown): string {
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  if (value instanceof Expr) return `#${value.id}`;
  if (Array.isArray(value)) return `[${value.map(keyOf).join(',')}]`;
  if (value !== null && typeof value === 'object')
    return `{${Object.entries(value)
      .map(([name, entry]) => `${name}:${keyOf(entry)}`)
      .join(',')}}`;
  return JSON.stringify(value) ?? 'undefined';
}

/** The node of an operation: infers its type (or throws a TraceError that names the formula's line) and interns it. */
export function make<K extends Op>(op: K, inputs: readonly Expr[], ...[attributes]: AttributeArguments<K>): Expr<K> {
  const key = `${op}(${inputs.map((input) => input.id).join(',')})${keyOf(attributes ?? {})}`;
  const known = interned.get(key)?.deref();
  if (known !== undefined) return known as Expr<K>;
  const given = (attributes ?? {}) as Attributes[K];
  const type = rules[op].infer(
    inputs.map((input) => input.type),
    given,
    inputs,
  );
  const node = new Expr<K>(nextId++, op, inputs, given, type);
  interned.set(key, new WeakRef(node as unknown as Expr));
  collected.register(node, key);
  return node;
}

/** Operations without attributes are made without them. */
export type AttributeArguments<K extends Op> =
  Record<never, never> extends Attributes[K] ? [attributes?: Attributes[K]] : [attributes: Attributes[K]];

const lift = (operand: Operand, beside: Expr): Expr =>
  typeof operand === 'number' ? constant(operand, beside.type.dtype === 'int' ? 'int' : 'float') : operand;

/** A scalar constant. */
export const constant = (value: number, dtype: 'float' | 'int' | 'bool' = 'float'): Expr =>
  make('constant', [], { value, dtype });
/** A size as an int scalar. */
export const size = (dim: Dim): Expr => make('size', [], { dim });
/** 0, 1, …, dim−1. */
export const iota = (dim: Dim): Expr => make('iota', [], { dim });
/** Zeros of a type; false, where it is bool. */
export const zeros = (type: TensorType): Expr =>
  constant(0, type.dtype === 'bool' ? 'bool' : type.dtype).broadcastTo(type.shape);

/** `condition ? a : b`, elementwise; the gradient reaches only the branch taken. */
export function where(condition: Expr, a: Operand, b: Operand): Expr {
  const beside = a instanceof Expr ? a : b instanceof Expr ? b : constant(0);
  return make('where', [condition, lift(a, beside), lift(b, beside)]);
}

/** Values one after another along an axis; their other sizes are the same. */
export const concat = (values: readonly Expr[], axis: number): Expr =>
  make('concat', values, { axis: axisOf(axis, values[0]!.rank) });

/** Values of one shape along a new axis. */
export const stack = (values: readonly Expr[], axis: number): Expr =>
  concat(
    values.map((value) => value.expandDims(axis)),
    axis,
  );

/** log(exp(a) + exp(b) + …), elementwise, without overflow; −∞ where all are. */
export const logAddExp = (...values: readonly Expr[]): Expr => make('logAddExp', values);

/** 1 − x. */
export const complement = (x: Expr): Expr => constant(1).sub(x);

/** max(log p, −100) with torch's gradient for binary cross entropy, which is not clamped. */
export const clampedLog = (p: Expr): Expr => make('clampedLog', [p], { floor: -100, guard: 1e-12 });
/** max(log(1−p), −100), likewise. */
export const clampedLog1m = (p: Expr): Expr => make('clampedLog1m', [p], { floor: -100, guard: 1e-12 });
/** weight·t·softplus(−x) + (1−t)·softplus(x): binary cross entropy of logits x. */
export const logisticLoss = (x: Expr, t: Expr, weight: Expr = constant(1)): Expr =>
  make('logisticLoss', [x, t, weight]);
/** ((1−t)·eᵃ + t·eᵇ)^exponent, from logarithms. */
export const mixturePower = (t: Expr, a: Expr, b: Expr, exponent: number): Expr =>
  make('mixturePower', [t, a, b], { exponent });
/** (1 − eˣ)^exponent for x <= 0: a power of the complement of a probability, from its logarithm. */
export const complementPower = (logP: Expr, exponent: number): Expr => make('complementPower', [logP], { exponent });
/** max(x, low) with derivative 1 everywhere: torch's clamp of a variance. */
export const floorStraightThrough = (x: Expr, low: number): Expr => make('floorStraightThrough', [x], { low });
/** Σq·(log q − log p) along the axis, which stays with size 1: the divergence of two softmaxes, from their logits. */
export const softmaxDivergence = (t: Expr, x: Expr, axis: number): Expr =>
  make('softmaxDivergence', [t, x], { axis: axisOf(axis, t.rank) });
/** part/(part + rest), and 0 where both are 0. */
export const fraction = (part: Expr, rest: Expr): Expr => make('fraction', [part, rest]);
/** Half the unit deviance of a Tweedie distribution of mean x, of a target y: 0 normal, 1 Poisson, 2 gamma. */
export const halfDeviance = (x: Expr, y: Expr, power: number): Expr => make('halfDeviance', [x, y], { power });
