import type { Op } from '../ops/attributes.ts';
import { isPrimitive } from '../ops/index.ts';
import { stableRules } from '../ops/stable.ts';
import { type Expr, make } from './expr.ts';
import { isOp, rebuild } from './graph.ts';

/** Replaces stable operations by their bodies, except those that a backend lowers itself, in scan bodies too. */
export function expand(outputs: readonly Expr[], keep: ReadonlySet<Op> = new Set()): Expr[] {
  return rebuild(outputs, (node, inputs) => {
    if (isOp(node, 'scan')) {
      const { body, reverse } = node.attributes;
      return make('scan', inputs, { body: { ...body, outputs: expand(body.outputs, keep) }, reverse }) as Expr;
    }
    if (isPrimitive(node.op) || keep.has(node.op)) return make(node.op, inputs, node.attributes as never) as Expr;
    const body = (stableRules as Record<string, { body(inputs: readonly Expr[], attributes: unknown): Expr }>)[
      node.op
    ]!;
    return expand([body.body(inputs, node.attributes)], keep)[0]!;
  });
}
