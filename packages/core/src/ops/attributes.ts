import type { Dim, Sizes } from '../graph/dim.ts';
import type { Expr } from '../graph/expr.ts';
import type { NDArray } from '../graph/ndarray.ts';
import type { DType, TensorType } from '../graph/type.ts';

type None = Record<never, never>;
type Reduction = { axes: readonly number[]; keepDims: boolean };

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
  add: None;
  sub: None;
  mul: None;
  div: None;
  minimum: None;
  maximum: None;
  neg: None;
  abs: None;
  sign: None;
  sqrt: None;
  exp: None;
  expm1: None;
  log: None;
  log1p: None;
  relu: None;
  sin: None;
  cos: None;
  atan: None;
  pow: { exponent: number };
  // Comparison, logic, choice
  equal: None;
  less: None;
  lessEqual: None;
  isNaN: None;
  isFinite: None;
  and: None;
  or: None;
  not: None;
  where: None;
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
  sum: Reduction;
  max: Reduction;
  matmul: None;
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
  sigmoid: None;
  softplus: None;
  tanh: None;
  logCosh: None;
  complementPower: { exponent: number };
  floorStraightThrough: { low: number };
  clip: { low: number; high: number };
  clampedLog: { floor: number; guard: number };
  clampedLog1m: { floor: number; guard: number };
  xlogy: None;
  logAddExp: None;
  logSumExp: { axis: number };
  logSoftmax: { axis: number };
  softmax: { axis: number; complement: boolean };
  softmaxDivergence: { axis: number };
  norm: { axis: number; p: number };
  mixturePower: { exponent: number };
  logisticLoss: None;
  robust: { alpha: number };
  expExcess: None;
  halfDeviance: { power: number };
  unit: { axis: number; low: number };
  fraction: None;
}

export type Attributes = PrimitiveAttributes & StableAttributes;
export type Primitive = keyof PrimitiveAttributes;
export type Stable = keyof StableAttributes;
export type Op = keyof Attributes;

/** What a primitive is: its type rule, its meaning in float64, its derivative. */
export interface Rule<K extends Op> {
  infer(inputs: readonly TensorType[], attributes: Attributes[K], nodes: readonly Expr[]): TensorType;
  evaluate(inputs: readonly NDArray[], context: Evaluation<K>): NDArray;
  /** The cotangent of each input, from the cotangent of the result; null where it is 0. */
  derivative(cotangent: Expr, node: Expr<K>): readonly (Expr | null)[];
}

export interface Evaluation<K extends Op> {
  readonly attributes: Attributes[K];
  /** The result's shape in this run. */
  readonly shape: readonly number[];
  readonly sizes: Sizes;
}

/** A stable operation: its body in primitives, and its own derivative with the reason. */
export interface StableRule<K extends Stable> {
  body(inputs: readonly Expr[], attributes: Attributes[K]): Expr;
  derivative(cotangent: Expr, node: Expr<K>): readonly (Expr | null)[];
}
