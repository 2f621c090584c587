import { TraceError } from '../errors.ts';
import { type Expr, where } from '../graph/expr.ts';
import { elementwise } from '../graph/ndarray.ts';
import { broadcastShapes, type DType, type TensorType } from '../graph/type.ts';
import type { Op, Rule } from './attributes.ts';
import { unbroadcast } from './shape.ts';

/** All operands of one dtype, out of those allowed. */
export function sameDType(op: Op, inputs: readonly TensorType[], allowed: readonly DType[]): DType {
  const dtype = inputs[0]!.dtype;
  if (!allowed.includes(dtype) || inputs.some((input) => input.dtype !== dtype)) {
    throw new TraceError(
      `${op} takes ${allowed.join(' or ')} operands of one dtype, not ${inputs.map((i) => i.dtype).join(' and ')}`,
    );
  }
  return dtype;
}

type Fn = (a: number, b: number, c: number) => number;
type Derivative<K extends Op> = (g: Expr, node: Expr<K>) => readonly (Expr | null)[];

/** A rule for an operation of one or two numeric operands that broadcast; the derivative is given before summing over repeated axes. */
function arithmetic<K extends Op>(
  op: K,
  fn: Fn,
  derivative: Derivative<K>,
  allowed: readonly DType[] = ['float'],
): Rule<K> {
  return {
    infer: (inputs) => ({
      dtype: sameDType(op, inputs, allowed),
      shape: broadcastShapes(...inputs.map((i) => i.shape)),
    }),
    evaluate: (inputs, { shape }) =>
      elementwise(inputs[0]!.data instanceof Int32Array ? 'int' : 'float', shape, inputs, fn),
    derivative: (g, node) =>
      derivative(g, node).map((cotangent, k) => cotangent && unbroadcast(cotangent, node.inputs[k]!.type.shape)),
  };
}

const numeric = ['float', 'int'] as const;
const none = () => [null, null, null];

export const add = arithmetic(
  'add',
  (a, b) => a + b,
  (g) => [g, g],
  numeric,
);
export const sub = arithmetic(
  'sub',
  (a, b) => a - b,
  (g) => [g, g.neg()],
  numeric,
);
export const mul = arithmetic(
  'mul',
  (a, b) => a * b,
  (g, { inputs: [a, b] }) => [g.mul(b!), g.mul(a!)],
  numeric,
);
// d(a/b) = da/b − (a/b)·db/b
export const div = arithmetic(
  'div',
  (a, b) => a / b,
  (g, node) => {
    const share = g.div(node.inputs[1]!);
    return [share, share.mul(node as Expr).neg()];
  },
);

/** Ties share equally; a NaN on either side gives neither a gradient. */
const chosen = (g: Expr, wins: Expr, ties: Expr) => where(wins, g, where(ties, g.mul(0.5), 0));
export const minimum = arithmetic(
  'minimum',
  (a, b) => Math.min(a, b),
  (g, { inputs: [a, b] }) => {
    const ties = a!.eq(b!);
    return [chosen(g, a!.lt(b!), ties), chosen(g, b!.lt(a!), ties)];
  },
  numeric,
);
export const maximum = arithmetic(
  'maximum',
  (a, b) => Math.max(a, b),
  (g, { inputs: [a, b] }) => {
    const ties = a!.eq(b!);
    return [chosen(g, a!.gt(b!), ties), chosen(g, b!.gt(a!), ties)];
  },
  numeric,
);

export const neg = arithmetic(
  'neg',
  (a) => -a,
  (g) => [g.neg()],
  numeric,
);
// |x|′ = sign x, 0 at 0
export const abs = arithmetic('abs', Math.abs, (g, { inputs: [x] }) => [g.mul(x!.sign())]);
export const sign = arithmetic('sign', Math.sign, none);
// √x′ = 1/(2√x)
export const sqrt = arithmetic('sqrt', Math.sqrt, (g, node) => [g.div((node as Expr).mul(2))]);
export const exp = arithmetic('exp', Math.exp, (g, node) => [g.mul(node as Expr)]);
// (eˣ − 1)′ = eˣ
export const expm1 = arithmetic('expm1', Math.expm1, (g, { inputs: [x] }) => [g.mul(x!.exp())]);
export const log = arithmetic('log', Math.log, (g, { inputs: [x] }) => [g.div(x!)]);
// log(1+x)′ = 1/(1+x)
export const log1p = arithmetic('log1p', Math.log1p, (g, { inputs: [x] }) => [g.div(x!.add(1))]);
export const sin = arithmetic('sin', Math.sin, (g, { inputs: [x] }) => [g.mul(x!.cos())]);
export const cos = arithmetic('cos', Math.cos, (g, { inputs: [x] }) => [g.mul(x!.sin()).neg()]);
// atan′ = 1/(1 + x²)
export const atan = arithmetic('atan', Math.atan, (g, { inputs: [x] }) => [g.div(x!.square().add(1))]);
// relu′(0) = 0
export const relu = arithmetic(
  'relu',
  (a) => Math.max(a, 0),
  (g, { inputs: [x] }) => [where(x!.gt(0), g, 0)],
);
// (xᵖ)′ = p·xᵖ⁻¹
export const pow: Rule<'pow'> = {
  infer: (inputs) => ({ dtype: sameDType('pow', inputs, ['float']), shape: inputs[0]!.shape }),
  evaluate: (inputs, { shape, attributes: { exponent } }) => elementwise('float', shape, inputs, (x) => x ** exponent),
  derivative: (g, { inputs: [x], attributes: { exponent } }) =>
    exponent === 0 ? [null] : [g.mul(x!.pow(exponent - 1).mul(exponent))],
};

function comparison<K extends Op>(op: K, fn: Fn, allowed: readonly DType[] = numeric): Rule<K> {
  return {
    infer: (inputs) => {
      sameDType(op, inputs, allowed);
      return { dtype: 'bool', shape: broadcastShapes(...inputs.map((i) => i.shape)) };
    },
    evaluate: (inputs, { shape }) => elementwise('bool', shape, inputs, fn),
    derivative: none,
  };
}

export const equal = comparison('equal', (a, b) => +(a === b));
export const less = comparison('less', (a, b) => +(a < b));
export const lessEqual = comparison('lessEqual', (a, b) => +(a <= b));
export const isNotANumber = comparison('isNaN', (a) => +Number.isNaN(a), ['float']);
export const isFiniteNumber = comparison('isFinite', (a) => +Number.isFinite(a), ['float']);
export const and = comparison('and', (a, b) => a & b, ['bool']);
export const or = comparison('or', (a, b) => a | b, ['bool']);
export const not = comparison('not', (a) => 1 - a, ['bool']);

export const whereRule: Rule<'where'> = {
  infer: ([condition, a, b]) => {
    sameDType('where', [condition!], ['bool']);
    return {
      dtype: sameDType('where', [a!, b!], ['float', 'int']),
      shape: broadcastShapes(condition!.shape, a!.shape, b!.shape),
    };
  },
  evaluate: (inputs, { shape }) =>
    elementwise(inputs[1]!.data instanceof Int32Array ? 'int' : 'float', shape, inputs, (c, a, b) => (c ? a : b)),
  derivative: (g, { inputs: [condition, a, b] }) => [
    null,
    a!.type.dtype === 'float' ? unbroadcast(where(condition!, g, 0), a!.type.shape) : null,
    b!.type.dtype === 'float' ? unbroadcast(where(condition!, 0, g), b!.type.shape) : null,
  ],
};

export const cast: Rule<'cast'> = {
  infer: ([x], { dtype }) => ({ dtype, shape: x!.shape }),
  evaluate: (inputs, { shape, attributes: { dtype } }) =>
    elementwise(dtype, shape, inputs, dtype === 'bool' ? (x) => +(x !== 0) : (x) => x),
  derivative: none,
};

export const stopGradient: Rule<'stopGradient'> = {
  infer: ([x]) => x!,
  evaluate: ([x]) => x!,
  derivative: none,
};

export const constantRule: Rule<'constant'> = {
  infer: (_, { dtype }) => ({ dtype, shape: [] }),
  evaluate: (_, { attributes: { value, dtype } }) =>
    elementwise(dtype, [], [{ shape: [], data: new Float64Array([value]) }], (x) => x),
  derivative: none,
};
