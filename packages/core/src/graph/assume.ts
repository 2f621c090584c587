import type { Op } from '../ops/attributes.ts';
import { type Expr, make } from './expr.ts';
import { isOp, rebuild, topological } from './graph.ts';
import { sameShape } from './type.ts';

/** Operations that treat elements alone, through which a condition holds on. */
const elementwise: ReadonlySet<Op> = new Set<Op>([
  ...(['add', 'sub', 'mul', 'div', 'minimum', 'maximum', 'neg', 'abs', 'sign', 'sqrt', 'exp', 'expm1'] as const),
  ...(['log', 'log1p', 'relu', 'sin', 'cos', 'atan', 'pow', 'equal', 'less', 'lessEqual', 'isNaN'] as const),
  ...(['isFinite', 'and', 'or', 'not', 'where', 'cast', 'stopGradient', 'sigmoid', 'softplus', 'tanh'] as const),
  ...(['logCosh', 'complementPower', 'clip', 'clampedLog', 'clampedLog1m', 'xlogy', 'logisticLoss'] as const),
]);

/** Operations along one axis, which keep lines apart. */
const alongAxis: ReadonlySet<Op> = new Set<Op>([
  'gather',
  'scatterAdd',
  'logSoftmax',
  'softmax',
  'logSumExp',
  'cumsum',
]);

/** What decides a `where`, without axes of size 1 and negations: axis k of `base` stands at axis `at[k]` of some value. */
interface Condition {
  readonly base: Expr;
  readonly holds: boolean;
  readonly at: readonly number[];
}

/**
 * Within a branch of `where(c, a, b)` it is known what c is, so that a `where` by the same c inside it has chosen: formulas keep
 * an infinity or an ignored NaN out of a branch for the sake of its derivative, and when that has been taken the value needs no
 * guard. What an element that is not chosen would be counts for nothing. A condition is only used where less is left to compute.
 */
export function assumeConditions(outputs: readonly Expr[]): readonly Expr[] {
  const conditions = new Set(
    topological(outputs).flatMap((node) => (node.op === 'where' ? [conditionOf(node).base] : [])),
  );
  if (conditions.size === 0) return outputs;
  let best = outputs;
  let least = work(outputs);
  for (const base of conditions) {
    const candidate = assuming(best, base);
    const left = work(candidate);
    if (left < least) [best, least] = [candidate, left];
  }
  return best;
}

const work = (outputs: readonly Expr[]): number =>
  topological(outputs).filter(({ inputs }) => inputs.length > 0).length;

/** What the condition of a `where` is made of, and where its axes are in the result. */
function conditionOf(node: Expr): Condition {
  let base = node.inputs[0]!;
  let holds = true;
  let at: readonly number[] | undefined = base.shape.map((_, axis) => axis + node.rank - base.rank);
  for (;;) {
    if (base.op === 'not') holds = !holds;
    else if (base.op !== 'reshape') break;
    const inner: readonly number[] | undefined = base.op === 'not' ? at : axesBefore(base, at);
    if (inner === undefined) break;
    [base, at] = [base.inputs[0]!, inner];
  }
  // Along an axis of size 1 it is the same everywhere.
  return { base, holds, at: at.map((axis, k) => (base.shape[k] === 1 ? -1 : axis)) };
}

/** Where the axes of a reshape's operand are, if only axes of size 1 come or go; `at` says where those of its result are. */
function axesBefore({ shape, inputs: [x] }: Expr, at: readonly number[]): number[] | undefined {
  const full = (dims: Expr['shape']) => dims.flatMap((dim, axis) => (dim === 1 ? [] : [axis]));
  const [own, before] = [full(shape), full(x!.shape)];
  if (own.length !== before.length || own.some((axis, k) => shape[axis] !== x!.shape[before[k]!])) return undefined;
  return x!.shape.map((_, axis) => at[own[before.indexOf(axis)]!] ?? -1);
}

function assuming(outputs: readonly Expr[], base: Expr): Expr[] {
  const known = new Map<string, Expr>();

  /** A value of which only elements count where the condition is as said. */
  const under = (x: Expr, condition: Condition): Expr => {
    const key = `${x.id} ${condition.holds} ${condition.at.join()}`;
    let found = known.get(key);
    if (found === undefined) {
      found = chosen(x, condition) ?? deeper(x, condition);
      known.set(key, found);
    }
    return found;
  };

  const chosen = (x: Expr, condition: Condition): Expr | undefined => {
    if (x.op !== 'where') return undefined;
    const own = conditionOf(x);
    if (own.base !== base || own.at.join() !== condition.at.join()) return undefined;
    const k = own.holds === condition.holds ? 1 : 2;
    const inner = inOperand(x, k, condition);
    const branch = inner === undefined ? x.inputs[k]! : under(x.inputs[k]!, inner);
    return sameShape(branch.shape, x.shape) ? branch : branch.broadcastTo(x.shape);
  };

  const deeper = (x: Expr, condition: Condition): Expr => {
    const inputs = x.inputs.map((input, k) => {
      const inner = inOperand(x, k, condition);
      return inner === undefined ? input : under(input, inner);
    });
    return inputs.every((input, k) => input === x.inputs[k]) ? x : (make(x.op, inputs, x.attributes as never) as Expr);
  };

  return rebuild(outputs, (node, inputs) => {
    const now = make(node.op, inputs, node.attributes as never) as Expr;
    if (node.op !== 'where') return now;
    const condition = conditionOf(now);
    if (condition.base !== base) return now;
    const branches = [1, 2].map((k) => {
      const inner = inOperand(now, k, { ...condition, holds: condition.holds === (k === 1) });
      return inner === undefined ? inputs[k]! : under(inputs[k]!, inner);
    });
    return make('where', [inputs[0]!, ...branches]) as Expr;
  });
}

/** The condition in an operand of a value, if each of its elements counts for elements of one condition alone. */
function inOperand(x: Expr, k: number, condition: Condition): Condition | undefined {
  const operand = x.inputs[k]!;
  // An index must be legal also where what it finds counts for nothing.
  if (operand.type.dtype === 'int') return undefined;
  const at = axesInOperand(x, operand, condition.at);
  const fits = at?.every((axis, n) => axis === -1 || operand.shape[axis] === condition.base.shape[n]);
  return fits ? { ...condition, at: at! } : undefined;
}

function axesInOperand(x: Expr, operand: Expr, at: readonly number[]): readonly number[] | undefined {
  if (elementwise.has(x.op)) {
    const missing = x.rank - operand.rank;
    return at.some((axis) => axis !== -1 && axis < missing)
      ? undefined
      : at.map((axis) => (axis === -1 ? -1 : axis - missing));
  }
  if (x.op === 'reshape') {
    const before = axesBefore(
      x,
      Array.from({ length: x.rank }, (_, axis) => axis),
    );
    return before && at.map((axis) => (axis === -1 ? -1 : before.indexOf(axis)));
  }
  if (alongAxis.has(x.op)) return at.includes((x as Expr<'cumsum'>).attributes.axis) ? undefined : at;
  if (!isOp(x, 'sum') && !isOp(x, 'max')) return undefined;
  const { axes, keepDims } = x.attributes;
  const left = operand.shape.flatMap((_, axis) => (keepDims || !axes.includes(axis) ? [axis] : []));
  const mapped = at.map((axis) => (axis === -1 ? -1 : left[axis]!));
  return mapped.some((axis) => axes.includes(axis)) ? undefined : mapped;
}
