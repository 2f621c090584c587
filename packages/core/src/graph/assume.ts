import type { Op } from '../ops/attributes.ts';
import { type Expr, make } from './expr.ts';
import { rebuild, topological } from './graph.ts';
import { sameShape } from './type.ts';

/** Operations that treat elements alone, through which a condition holds on. */
const elementwise: ReadonlySet<Op> = new Set<Op>([
  ...(['add', 'sub', 'mul', 'div', 'minimum', 'maximum', 'neg', 'abs', 'sign', 'sqrt', 'exp', 'expm1'] as const),
  ...(['log', 'log1p', 'relu', 'sin', 'cos', 'atan', 'pow', 'equal', 'less', 'lessEqual', 'isNaN'] as const),
  ...(['isFinite', 'and', 'or', 'not', 'where', 'cast', 'stopGradient'] as const),
]);

/**
 * Within a branch of `where(c, a, b)` it is known what c is, so that a `where` by the same c inside it has chosen: formulas keep
 * an infinity out of a branch for the sake of its derivative, and when that has been taken the value needs no guard. What an
 * element that is not chosen would be counts for nothing. A condition is only used where less is left to compute.
 */
export function assumeConditions(outputs: readonly Expr[]): readonly Expr[] {
  const conditions = new Set(topological(outputs).flatMap(({ op, inputs }) => (op === 'where' ? [inputs[0]!] : [])));
  if (conditions.size === 0) return outputs;
  let best = outputs;
  let least = work(outputs);
  for (const condition of conditions) {
    const candidate = assuming(best, condition);
    const left = work(candidate);
    if (left < least) [best, least] = [candidate, left];
  }
  return best;
}

const work = (outputs: readonly Expr[]): number =>
  topological(outputs).filter(({ inputs }) => inputs.length > 0).length;

const inShape = (x: Expr, shape: Expr['shape']): Expr => (sameShape(x.shape, shape) ? x : x.broadcastTo(shape));

function assuming(outputs: readonly Expr[], condition: Expr): Expr[] {
  const known = [new Map<Expr, Expr>(), new Map<Expr, Expr>()];
  const under = (x: Expr, branch: 0 | 1): Expr => {
    if (!elementwise.has(x.op)) return x;
    let found = known[branch]!.get(x);
    if (found === undefined) {
      if (x.op === 'where' && x.inputs[0] === condition) found = inShape(under(x.inputs[1 + branch]!, branch), x.shape);
      else {
        const inputs = x.inputs.map((input) => under(input, branch));
        found = inputs.every((input, k) => input === x.inputs[k])
          ? x
          : (make(x.op, inputs, x.attributes as never) as Expr);
      }
      known[branch]!.set(x, found);
    }
    return found;
  };
  return rebuild(outputs, (node, inputs) => {
    const [c, a, b] = inputs;
    return node.op === 'where' && c === condition
      ? (make('where', [c, under(a!, 0), under(b!, 1)]) as Expr)
      : (make(node.op, inputs, node.attributes as never) as Expr);
  });
}
