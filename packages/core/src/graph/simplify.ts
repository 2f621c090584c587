import type { Op, Primitive, Rule } from '../ops/attributes.ts';
import { primitives } from '../ops/index.ts';
import { assumeConditions } from './assume.ts';
import { type Dim, mulDims } from './dim.ts';
import { constant, type Expr, make, where } from './expr.ts';
import { isOp, rebuild } from './graph.ts';
import { sameShape } from './type.ts';

/** The number that every element of a value is, if that is known. */
function known(x: Expr): number | undefined {
  if (isOp(x, 'constant')) return x.attributes.value;
  if (x.op === 'broadcastTo' || x.op === 'reshape') return known(x.inputs[0]!);
  return undefined;
}

/** Operations of numbers alone, which can be done now. */
const foldable: ReadonlySet<Op> = new Set<Op>([
  'add',
  'sub',
  'mul',
  'div',
  'minimum',
  'maximum',
  'neg',
  'abs',
  'sqrt',
  'exp',
  'log',
  'pow',
  'equal',
  'less',
  'lessEqual',
  'and',
  'or',
  'not',
  'cast',
  'where',
]);

/** Operations that treat elements alone and repeat their operands themselves, so that a broadcastTo before them is wasted. */
const broadcasts: ReadonlySet<Op> = new Set<Op>([
  'neg',
  'abs',
  'exp',
  'expm1',
  'log',
  'log1p',
  'not',
  'cast',
  'add',
  'sub',
  'mul',
  'div',
  'minimum',
  'maximum',
  'equal',
  'less',
  'lessEqual',
  'and',
  'or',
  'where',
]);

type Law = (node: Expr) => Expr | undefined;

/** One law a line, by operation. No law may lose a NaN or an infinity: x·0 is not 0. The sign of a zero may change. */
const laws: { readonly [K in Op]?: Law } = {
  // x + 0 = x; a + (−b) = a − b
  add: ({ inputs: [a, b] }) => {
    if (known(b!) === 0) return a;
    if (known(a!) === 0) return b;
    return b!.op === 'neg' ? a!.sub(b!.inputs[0]!) : (doubled(a!, b!) ?? joined(a!, b!));
  },
  // x − 0 = x; a − (−b) = a + b
  sub: ({ inputs: [a, b] }) => (known(b!) === 0 ? a : b!.op === 'neg' ? a!.add(b!.inputs[0]!) : undefined),
  // x·1 = x; x·(−1) = −x
  mul: ({ inputs: [a, b] }) => {
    if (known(b!) === 1) return a;
    if (known(a!) === 1) return b;
    return known(b!) === -1 ? a!.neg() : known(a!) === -1 ? b!.neg() : markedOnce(a!, b!);
  },
  // x/1 = x
  div: ({ inputs: [a, b] }) => (known(b!) === 1 ? a : undefined),
  // −(−x) = x; −(a − b) = b − a
  neg: ({ inputs: [x] }) =>
    x!.op === 'neg' ? x!.inputs[0] : x!.op === 'sub' ? x!.inputs[1]!.sub(x!.inputs[0]!) : undefined,
  // ¬¬x = x
  not: ({ inputs: [x] }) => (x!.op === 'not' ? x!.inputs[0] : undefined),
  // What equals a number is no NaN
  and: ({ inputs: [a, b] }) => (isNumber(a!, b!) ? a : isNumber(b!, a!) ? b : undefined),
  // c ? x : x = x; ¬c ? a : b = c ? b : a; a known condition chooses; c ? 1 : 0 is c as a number
  where: ({ inputs: [c, a, b], type }) => {
    if (a === b) return a;
    const value = known(c!);
    if (value !== undefined) return value ? a : b;
    if (type.dtype === 'float' && known(a!) === 1 && known(b!) === 0) return c!.toFloat();
    if (type.dtype === 'float' && known(a!) === 0 && known(b!) === 1) return c!.not().toFloat();
    return c!.op === 'not' ? where(c!.inputs[0]!, b!, a!) : undefined;
  },
  // Derivatives are taken before simplifying.
  stopGradient: ({ inputs: [x] }) => x,
  cast: ({ inputs: [x], type }) => (x!.type.dtype === type.dtype ? x : undefined),
  // reshape ∘ reshape = reshape; a reshape that changes nothing goes
  reshape: ({ inputs: [x], shape }) =>
    sameShape(x!.shape, shape) ? x : x!.op === 'reshape' ? x!.inputs[0]!.reshape(shape) : undefined,
  broadcastTo: ({ inputs: [x], shape }) =>
    sameShape(x!.shape, shape) ? x : x!.op === 'broadcastTo' ? x!.inputs[0]!.broadcastTo(shape) : undefined,
  // A transpose that moves only axes of size 1 is a reshape
  transpose: (node) => {
    const {
      inputs: [x],
      attributes: { permutation },
    } = node as Expr<'transpose'>;
    return permutation.every((axis, k) => axis === k) ? x : undefined;
  },
  slice: ({ inputs: [x], shape }) => (sameShape(x!.shape, shape) ? x : undefined),
  // Σ over no axes
  sum: (node) =>
    (node as Expr<'sum'>).attributes.axes.length === 0 ? node.inputs[0] : sumOfKnown(node as Expr<'sum'>),
  size: (node) => {
    const { dim } = (node as Expr<'size'>).attributes;
    return typeof dim === 'number' ? constant(dim, 'int') : undefined;
  },
  // Picking commutes with ± of something that is constant along the axis
  gather: (node) => {
    const {
      inputs: [x, index],
      attributes: { axis },
    } = node as Expr<'gather'>;
    if (x!.op !== 'sub' && x!.op !== 'add') return undefined;
    const [a, b] = x!.inputs;
    if (!sameShape(a!.shape, x!.shape) || b!.rank !== x!.rank || b!.shape[axis] !== 1 || x!.shape[axis] === 1)
      return undefined;
    return make(x!.op, [a!.gather(index!, axis), b!]) as Expr;
  },
};

/** Whether `a` is x = k and `b` is x is not NaN. */
const isNumber = (a: Expr, b: Expr): boolean =>
  a.op === 'equal' && b.op === 'not' && b.inputs[0]!.op === 'isNaN' && a.inputs.includes(b.inputs[0]!.inputs[0]!);

/** a·b + a·b = a·(b + b), where b is the smaller one: doubling is exact. */
function doubled(x: Expr, y: Expr): Expr | undefined {
  if (x !== y || x.op !== 'mul') return undefined;
  const [a, b] = x.inputs;
  const twice = (factor: Expr) =>
    isOp(factor, 'constant') ? constant(2 * factor.attributes.value) : factor.add(factor);
  if (isConstantLike(b!, x)) return a!.mul(twice(b!));
  return isConstantLike(a!, x) ? b!.mul(twice(a!)) : undefined;
}

/** What a mark of what is illegal, `legal ? 1 : NaN`, says is legal. */
const legalBy = (x: Expr): Expr | undefined =>
  x.op === 'where' && known(x.inputs[1]!) === 1 && Number.isNaN(known(x.inputs[2]!)) ? x.inputs[0] : undefined;

/** (x·(c ? 1 : NaN))·(d ? 1 : NaN) = x·(c ∧ d ? 1 : NaN) */
function markedOnce(a: Expr, b: Expr): Expr | undefined {
  const [first, second] = [a.op === 'mul' ? legalBy(a.inputs[1]!) : undefined, legalBy(b)];
  return first && second && sameShape(first.shape, second.shape)
    ? a.inputs[0]!.mul(where(first.and(second), 1, Number.NaN))
    : undefined;
}

/** Whether an operand has one element for a whole value. */
const isConstantLike = (operand: Expr, of: Expr): boolean =>
  of.rank > 0 && !of.shape.every((dim) => dim === 1) && operand.shape.every((dim) => dim === 1);

/** (c ? a : 0) + (c ? 0 : b) = c ? a : b */
function joined(x: Expr, y: Expr): Expr | undefined {
  if (x.op !== 'where' || y.op !== 'where' || x.inputs[0] !== y.inputs[0]) return undefined;
  const [c, a, notA] = x.inputs;
  const [, notB, b] = y.inputs;
  if (known(notA!) === 0 && known(notB!) === 0) return where(c!, a!, b!);
  return known(a!) === 0 && known(b!) === 0 ? where(c!, notB!, notA!) : undefined;
}

/** Σ of equal numbers along one axis is a product with its size; Σ(−x) = −Σx, which rounds alike. */
function sumOfKnown(node: Expr<'sum'>): Expr | undefined {
  const [x] = node.inputs;
  if (x!.op === 'neg') return (make('sum', x!.inputs, node.attributes) as Expr).neg();
  const value = known(x!);
  if (value === undefined || x!.type.dtype !== 'float') return undefined;
  const count: Dim = node.attributes.axes.map((axis) => x!.shape[axis]!).reduce(mulDims, 1);
  return make('size', [], { dim: count }).toFloat().mul(value);
}

/**
 * The same outputs with less work: folds constants, applies `laws`, drops what is not used. For graphs whose
 * derivatives have been taken.
 */
export function simplify(outputs: readonly Expr[]): Expr[] {
  const simple = applyLaws(outputs);
  const assumed = assumeConditions(simple);
  return assumed.every((output, k) => output === simple[k]) ? simple : applyLaws(assumed);
}

function applyLaws(outputs: readonly Expr[]): Expr[] {
  return rebuild(outputs, (node, inputs) => {
    if (isOp(node, 'scan')) {
      const { body, reverse } = node.attributes;
      return make('scan', inputs, { body: { ...body, outputs: simplify(body.outputs) }, reverse }) as Expr;
    }
    let now = make(node.op, inputs, node.attributes as never) as Expr;
    for (let before: Expr | undefined; before !== now; ) {
      before = now;
      now = step(now);
    }
    return now;
  });
}

function step(node: Expr): Expr {
  const folded = fold(node) ?? laws[node.op]?.(node);
  if (folded !== undefined)
    return folded.type.shape.length === node.rank && sameShape(folded.shape, node.shape)
      ? folded
      : folded.broadcastTo(node.shape);
  if (!broadcasts.has(node.op)) return node;
  const bare = node.inputs.map((input) => (input.op === 'broadcastTo' ? input.inputs[0]! : input));
  if (bare.every((input, k) => input === node.inputs[k])) return node;
  const without = make(node.op, bare, node.attributes as never) as Expr;
  if (sameShape(without.shape, node.shape)) return without;
  // Nothing has that many elements but by repetition: what is the same is computed once.
  return without.broadcastTo(node.shape);
}

function fold(node: Expr): Expr | undefined {
  if (!foldable.has(node.op) || node.rank > 0 || !node.inputs.every((input) => isOp(input, 'constant')))
    return undefined;
  const arrays = node.inputs.map((input) =>
    (primitives.constant as Rule<'constant'>).evaluate([], {
      attributes: (input as Expr<'constant'>).attributes,
      shape: [],
      sizes: new Map(),
    }),
  );
  const result = (primitives[node.op as Primitive] as Rule<Primitive>).evaluate(arrays, {
    attributes: node.attributes as never,
    shape: [],
    sizes: new Map(),
  });
  return constant(result.data[0]!, node.type.dtype);
}
