import type { Dim, Sizes } from '../graph/dim.ts';
import type { Expr } from '../graph/expr.ts';
import type { NDArray } from '../graph/ndarray.ts';
import type { DType, TensorType } from '../graph/type.ts';

/** An operation without attributes. */
export type NoAttributes = Record<never, never>;
/** Over which axes, in ascending order, and whether they stay with size 1. */
export type ReductionAttributes = { axes: readonly number[]; keepDims: boolean };

/** The body of a {@link scan}: closed, so that it means the same wherever it stands. */
export interface ScanBody {
  /** Carries, then one slice of each sequence, then the invariants. */
  readonly inputs: readonly Expr[];
  /** The next carries, then what each step gives out. */
  readonly outputs: readonly Expr[];
  readonly carries: number;
  readonly sequences: number;
}

/** Every operation that each backend must lower, with its attributes. This list, and the one below, are the vocabulary. */
export interface PrimitiveAttributes {
  // Leaves
  input: { name: string; type: TensorType };
  constant: { value: number; dtype: DType };
  size: { dim: Dim };
  iota: { dim: Dim };
  // Arithmetic
  add: NoAttributes;
  sub: NoAttributes;
  mul: NoAttributes;
  div: NoAttributes;
  minimum: NoAttributes;
  maximum: NoAttributes;
  neg: NoAttributes;
  abs: NoAttributes;
  sign: NoAttributes;
  sqrt: NoAttributes;
  exp: NoAttributes;
  expm1: NoAttributes;
  log: NoAttributes;
  log1p: NoAttributes;
  relu: NoAttributes;
  sin: NoAttributes;
  cos: NoAttributes;
  atan: NoAttributes;
  pow: { exponent: number };
  // Comparison, logic, choice
  equal: NoAttributes;
  less: NoAttributes;
  lessEqual: NoAttributes;
  isNaN: NoAttributes;
  isFinite: NoAttributes;
  and: NoAttributes;
  or: NoAttributes;
  not: NoAttributes;
  where: NoAttributes;
  cast: { dtype: DType };
  /** `arbitrary`: a shift that is taken off and put back, on whose value nothing depends. */
  stopGradient: { arbitrary: boolean };
  // Shape
  reshape: { shape: readonly Dim[] };
  broadcastTo: { shape: readonly Dim[] };
  transpose: { permutation: readonly number[] };
  slice: { axis: number; start: Dim; end: Dim };
  reverse: { axis: number };
  concat: { axis: number };
  // Reduction and contraction
  sum: ReductionAttributes;
  max: ReductionAttributes;
  matmul: NoAttributes;
  // Indices and order
  gather: { axis: number };
  scatterAdd: { axis: number; size: Dim };
  argsort: { axis: number };
  cumsum: { axis: number; exclusive: boolean; reverse: boolean };
  // Recurrence
  scan: { body: ScanBody; reverse: boolean };
  output: { index: number };
}

/** Operations defined in primitives that own their derivative, because differentiating their body would not be stable. */
export interface StableAttributes {
  sigmoid: NoAttributes;
  softplus: NoAttributes;
  tanh: NoAttributes;
  logCosh: NoAttributes;
  complementPower: { exponent: number };
  floorStraightThrough: { low: number };
  clip: { low: number; high: number };
  clampedLog: { floor: number; guard: number };
  clampedLog1m: { floor: number; guard: number };
  xlogy: NoAttributes;
  logAddExp: NoAttributes;
  logSumExp: { axis: number };
  logSoftmax: { axis: number };
  softmax: { axis: number; complement: boolean };
  softmaxDivergence: { axis: number };
  norm: { axis: number; p: number };
  mixturePower: { exponent: number };
  logisticLoss: NoAttributes;
  robust: { alpha: number };
  expExcess: NoAttributes;
  halfDeviance: { power: number };
  unit: { axis: number; low: number };
  fraction: NoAttributes;
}

/** Attributes of every operation, by its name. */
export type Attributes = PrimitiveAttributes & StableAttributes;
/** The name of an operation that every backend lowers. */
export type Primitive = keyof PrimitiveAttributes;
/** The name of an operation that is defined in primitives and owns its derivative. */
export type Stable = keyof StableAttributes;
/** The name of an operation. */
export type Op = keyof Attributes;

/** What a primitive is: its type rule, its meaning in float64, its derivative. */
export interface Rule<K extends Op> {
  /**
   * The result’s type.
   * @throws TraceError if the inputs don’t fit
   */
  infer(inputs: readonly TensorType[], attributes: Attributes[K], nodes: readonly Expr[]): TensorType;
  /** The result in float64. */
  evaluate(inputs: readonly NDArray[], context: Evaluation<K>): NDArray;
  /** The cotangent of each input, from the cotangent of the result; null where it is 0. */
  derivative(cotangent: Expr, node: Expr<K>): readonly (Expr | null)[];
}

/** What an operation knows beside its inputs when it is computed. */
export interface Evaluation<K extends Op> {
  readonly attributes: Attributes[K];
  /** The result's shape in this run. */
  readonly shape: readonly number[];
  readonly sizes: Sizes;
}

/** A stable operation: its body in primitives, and its own derivative with the reason. */
export interface StableRule<K extends Stable> {
  /** The operation in primitives. */
  body(inputs: readonly Expr[], attributes: Attributes[K]): Expr;
  /** The cotangent of each input, from the cotangent of the result; null where it is 0. */
  derivative(cotangent: Expr, node: Expr<K>): readonly (Expr | null)[];
}
