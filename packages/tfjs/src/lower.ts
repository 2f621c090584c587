import {
  type DType,
  type Expr,
  isOp,
  lines,
  type Primitive,
  type PrimitiveAttributes,
  type Sizes,
  sizeOf,
  sizeOfDim,
} from '@isoloss/core';
import { runScan } from './scan.ts';
import type { TensorFlow, TfTensor } from './tensorflow.ts';
import { composedCos, composedSin } from './turn.ts';

/** One node of a graph at the moment when it is computed. */
export interface Step<K extends Primitive> {
  readonly tf: TensorFlow;
  readonly node: Expr<K>;
  readonly attributes: PrimitiveAttributes[K];
  /** Values of the operands; of a scan, all that it gave. */
  readonly inputs: readonly TfTensor[];
  /** The result's shape in this run. It has elements: what is empty is made without a kernel. */
  readonly shape: number[];
  readonly sizes: Sizes;
  /** The tensors that the graph was given, by name. */
  readonly given: ReadonlyMap<string, TfTensor>;
}

type Lower<K extends Primitive> = (step: Step<K>) => TfTensor | TfTensor[];
type Kernel = 'div' | 'sign' | 'expm1' | 'log' | 'log1p' | 'maximum' | 'relu' | 'sin' | 'cos';

/**
 * Kernels that differ between the backends of TensorFlow.js, where they are as good as ours (test/ops.test.ts measures).
 * On any other backend they are composed: sign of a NaN is 0 on cpu, and sign of 1e-7 is 0 on wasm; log1p on wasm and webgl
 * is log(1 + x), so 0 for every small x; maximum and minimum on wasm drop a NaN in their second operand, and relu one whose
 * sign bit is set, as that of ∞ − ∞ is; sin and cos on wasm have absolute errors of 3e-7, also where they are small; a/b on
 * webgl is 1 wherever a = b, so also 0/0 (a mean of nothing) and ∞/∞, and log x keeps no digit of its own beside x = 1.
 */
const trusted: Readonly<Record<string, ReadonlySet<Kernel>>> = {
  cpu: new Set<Kernel>(['div', 'expm1', 'log', 'log1p', 'maximum', 'relu', 'sin', 'cos']),
  tensorflow: new Set<Kernel>(['div', 'sign', 'expm1', 'log', 'log1p', 'maximum', 'relu', 'sin', 'cos']),
  wasm: new Set<Kernel>(['div', 'expm1', 'log']),
};
const trusts = (tf: TensorFlow, kernel: Kernel): boolean => trusted[tf.getBackend()]?.has(kernel) ?? false;

export const tfDType = (dtype: DType): 'float32' | 'int32' | 'bool' =>
  dtype === 'float' ? 'float32' : dtype === 'int' ? 'int32' : 'bool';

/** A kernel of one or two operands that means the same as ours everywhere. */
const unary =
  <K extends Primitive>(kernel: (tf: TensorFlow) => (x: TfTensor) => TfTensor): Lower<K> =>
  ({ tf, inputs: [x] }) =>
    kernel(tf)(x!);
const binary =
  <K extends Primitive>(kernel: (tf: TensorFlow) => (a: TfTensor, b: TfTensor) => TfTensor): Lower<K> =>
  ({ tf, inputs: [a, b] }) =>
    kernel(tf)(a!, b!);

/** Every primitive in operations of TensorFlow.js. `scan` gives a list, of which `output` takes one. */
export const lower: { readonly [K in Primitive]: Lower<K> } = {
  // Leaves
  input: ({ given, attributes: { name } }) => {
    const tensor = given.get(name);
    if (tensor === undefined) throw new Error(`the input ${name} was not given`);
    return tensor;
  },
  constant: ({ tf, attributes: { value, dtype } }) => tf.scalar(value, tfDType(dtype)),
  size: ({ tf, sizes, attributes: { dim } }) => tf.scalar(sizeOfDim(dim, sizes), 'int32'),
  iota: ({ tf, shape }) => tf.range(0, shape[0]!, 1, 'int32'),

  // Arithmetic
  add: binary((tf) => tf.add),
  sub: binary((tf) => tf.sub),
  mul: binary((tf) => tf.mul),
  div: (step) => (trusts(step.tf, 'div') ? step.tf.div(step.inputs[0]!, step.inputs[1]!) : composedDiv(step)),
  minimum: (step) => extremum(step, step.tf.minimum),
  maximum: (step) => extremum(step, step.tf.maximum),
  neg: unary((tf) => tf.neg),
  abs: unary((tf) => tf.abs),
  // What is neither above nor below 0 is itself: ±0 and NaN
  sign: ({ tf, inputs: [x] }) =>
    trusts(tf, 'sign') ? tf.sign(x!) : tf.where(tf.greater(x!, 0), 1, tf.where(tf.less(x!, 0), -1, x!)),
  sqrt: unary((tf) => tf.sqrt),
  exp: unary((tf) => tf.exp),
  expm1: ({ tf, inputs: [x] }) => (trusts(tf, 'expm1') ? tf.expm1(x!) : composedExpm1(tf, x!)),
  log: ({ tf, inputs: [x] }) => log(tf, x!),
  log1p: ({ tf, inputs: [x] }) => (trusts(tf, 'log1p') ? tf.log1p(x!) : composedLog1p(tf, x!)),
  relu: ({ tf, inputs: [x] }) => (trusts(tf, 'relu') ? tf.relu(x!) : tf.where(tf.lessEqual(x!, 0), 0, x!)),
  sin: ({ tf, inputs: [x] }) => (trusts(tf, 'sin') ? tf.sin(x!) : composedSin(tf, x!)),
  cos: ({ tf, inputs: [x] }) => (trusts(tf, 'cos') ? tf.cos(x!) : composedCos(tf, x!)),
  atan: unary((tf) => tf.atan),
  pow: ({ tf, inputs: [x], attributes: { exponent } }) => tf.pow(x!, tf.scalar(exponent)),

  // Comparison, logic, choice
  equal: binary((tf) => tf.equal),
  less: binary((tf) => tf.less),
  lessEqual: binary((tf) => tf.lessEqual),
  isNaN: unary((tf) => tf.isNaN),
  isFinite: unary((tf) => tf.isFinite),
  and: binary((tf) => tf.logicalAnd),
  or: binary((tf) => tf.logicalOr),
  not: unary((tf) => tf.logicalNot),
  where: ({ tf, inputs: [condition, a, b] }) => tf.where(condition!, a!, b!),
  // cast to bool copies bytes on wasm
  cast: ({ tf, inputs: [x], attributes: { dtype } }) =>
    dtype === 'bool' ? tf.notEqual(x!, tf.scalar(0, x!.dtype as 'float32')) : tf.cast(x!, tfDType(dtype)),
  stopGradient: ({ inputs: [x] }) => x!,

  // Shape
  reshape: ({ tf, inputs: [x], shape }) => tf.reshape(x!, shape),
  broadcastTo: ({ tf, node, inputs: [x], shape }) => {
    const operand = node.inputs[0]!;
    if (!isOp(operand, 'constant')) return tf.broadcastTo(x!, shape);
    return tf.fill(shape, operand.attributes.value, tfDType(operand.type.dtype) as 'float32');
  },
  transpose: ({ tf, inputs: [x], attributes: { permutation } }) => tf.transpose(x!, [...permutation]),
  slice: ({ tf, inputs: [x], shape, sizes, attributes: { axis, start } }) =>
    tf.slice(
      x!,
      shape.map((_, k) => (k === axis ? sizeOfDim(start, sizes) : 0)),
      shape,
    ),
  // reverse reads four bytes an entry on wasm, also of a bool
  reverse: ({ tf, inputs: [x], attributes: { axis } }) =>
    x!.dtype === 'bool'
      ? tf.notEqual(tf.reverse(tf.cast(x!, 'int32'), axis), tf.scalar(0, 'int32'))
      : tf.reverse(x!, axis),
  concat: ({ tf, inputs, attributes: { axis } }) =>
    tf.concat(
      inputs.filter(({ size }) => size > 0),
      axis,
    ),

  // Reduction and contraction. Over an empty axis kernels give NaN (cpu) or whatever is in memory (wasm)
  sum: ({ tf, inputs: [x], shape, attributes: { axes, keepDims } }) => {
    if (axes.length === 0) return x!;
    return x!.size === 0 ? tf.zeros(shape, x!.dtype as 'float32') : tf.sum(x!, [...axes], keepDims);
  },
  max: ({ tf, inputs: [x], shape, attributes: { axes, keepDims } }) => {
    if (axes.length === 0) return x!;
    return x!.size === 0 ? tf.fill(shape, -Infinity) : tf.max(x!, [...axes], keepDims);
  },
  matmul: ({ tf, inputs: [a, b], shape }) => (a!.size === 0 ? tf.zeros(shape) : tf.matMul(a!, b!)),

  // Indices and order
  // With batchDims, wasm reads outside of the tensor: the batch is part of a flat index instead
  gather: ({ tf, inputs: [x, index], shape, attributes: { axis } }) =>
    tf.reshape(tf.gather(tf.reshape(x!, [-1]), flatIndex(tf, index!, axis, x!.shape[axis]!)), shape),
  // unsortedSegmentSum is missing on wasm
  scatterAdd: ({ tf, inputs: [x, index], shape, attributes: { axis } }) => {
    if (x!.size === 0) return tf.zeros(shape);
    const at = tf.reshape(flatIndex(tf, index!, axis, shape[axis]!), [-1, 1]);
    return tf.reshape(tf.scatterND(at, tf.reshape(x!, [-1]), [sizeOf(shape)]), shape);
  },
  argsort: ({ tf, inputs: [x], attributes: { axis } }) => {
    const last = x!.rank - 1;
    const swap = Array.from({ length: x!.rank }, (_, k) => (k === axis ? last : k === last ? axis : k));
    const along = axis === last ? x! : tf.transpose(x!, swap);
    // topk is descending, takes the lower of equal entries first, and breaks on NaN: −∞ is left for that, and what was
    // +∞ comes just before, as the largest finite number does.
    const key = tf.where(tf.isNaN(along), -Infinity, tf.maximum(tf.neg(along), -largest));
    const { indices } = tf.topk(key, along.shape[last]!);
    return axis === last ? indices : tf.transpose(indices, swap);
  },
  cumsum: ({ tf, inputs: [x], attributes: { axis, exclusive, reverse } }) => tf.cumsum(x!, axis, exclusive, reverse),

  // Recurrence
  scan: runScan,
  output: ({ inputs, attributes: { index } }) => inputs[index]!,
};

const largest = 3.4028234663852886e38;

function extremum(
  { tf, node, inputs: [a, b] }: Step<'minimum' | 'maximum'>,
  kernel: (a: TfTensor, b: TfTensor) => TfTensor,
): TfTensor {
  const chosen = kernel(a!, b!);
  if (trusts(tf, 'maximum') || node.type.dtype !== 'float') return chosen;
  // A constant is no NaN, but only the first operand's is sure to get through.
  const [first, second] = node.inputs.map((operand) => isOp(operand, 'constant'));
  if (first && second) return chosen;
  const broken = first ? tf.isNaN(b!) : second ? tf.isNaN(a!) : tf.logicalOr(tf.isNaN(a!), tf.isNaN(b!));
  return tf.where(broken, Number.NaN, chosen);
}

/** The kernel's quotient, and NaN for 0/0 and ∞/∞. */
function composedDiv({ tf, node, inputs: [a, b] }: Step<'div'>): TfTensor {
  const quotient = tf.div(a!, b!);
  const divisor = node.inputs[1]!;
  if (isOp(divisor, 'constant') && divisor.attributes.value !== 0) return quotient;
  const edge = tf.logicalOr(tf.equal(b!, 0), tf.logicalNot(tf.isFinite(b!)));
  return tf.where(tf.logicalAnd(tf.equal(a!, b!), edge), Number.NaN, quotient);
}

function log(tf: TensorFlow, x: TfTensor): TfTensor {
  if (trusts(tf, 'log')) return tf.log(x);
  // From 2/3 to 2: 2·artanh s with s = (x − 1)/(x + 1), at most 1/3.
  const s = tf.div(tf.sub(x, 1), tf.add(x, 1));
  const squared = tf.mul(s, s);
  const series = [13, 11, 9, 7, 5, 3].reduce<TfTensor>(
    (sum, n) => tf.add(tf.mul(sum, squared), 1 / n),
    tf.scalar(1 / 15),
  );
  const beside1 = tf.mul(tf.mul(s, 2), tf.add(tf.mul(series, squared), 1));
  return tf.where(tf.logicalAnd(tf.greater(x, 2 / 3), tf.less(x, 2)), beside1, tf.log(x));
}

/**
 * log u · x/(u − 1) with u = 1 + x as rounded: u's rounding error cancels. x where u is 1 (and ±0, and what is tiny);
 * log u where u is infinite.
 */
function composedLog1p(tf: TensorFlow, x: TfTensor): TfTensor {
  const u = tf.add(x, 1);
  const logU = log(tf, u);
  const corrected = tf.mul(logU, tf.div(x, tf.sub(u, 1)));
  return tf.where(tf.equal(u, 1), x, tf.where(tf.equal(u, Infinity), u, corrected));
}

/** (u − 1) · x/log u with u = eˣ as rounded: Kahan. x where u is 1, u − 1 where that is −1 or ∞. */
function composedExpm1(tf: TensorFlow, x: TfTensor): TfTensor {
  const u = tf.exp(x);
  const less1 = tf.sub(u, 1);
  const corrected = tf.mul(less1, tf.div(x, log(tf, u)));
  const plain = tf.logicalOr(tf.equal(less1, -1), tf.equal(u, Infinity));
  return tf.where(tf.equal(u, 1), x, tf.where(plain, less1, corrected));
}

/** Positions in the flattened operand, from positions along one axis: the others are known from the shape. */
function flatIndex(tf: TensorFlow, index: TfTensor, axis: number, size: number): TfTensor {
  const { outer, length, inner } = lines(index.shape, axis);
  const flat = tf.reshape(index, [-1]);
  const scaled = inner === 1 ? flat : tf.mul(flat, tf.scalar(inner, 'int32'));
  if (outer === 1 && inner === 1) return scaled;
  const base = new Int32Array(index.size);
  for (let o = 0, at = 0; o < outer; o++)
    for (let k = 0; k < length; k++) for (let i = 0; i < inner; i++, at++) base[at] = o * size * inner + i;
  return tf.add(scaled, tf.tensor(base, [base.length], 'int32'));
}
