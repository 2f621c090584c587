import { rules } from '../ops/index.ts';
import { scanDerivative } from '../ops/scan.ts';
import { constant, type Expr } from './expr.ts';
import { isOp, topological } from './graph.ts';

/** Reverse sweep: the cotangents of `wrt`, given those of some roots. Emits nodes, so that gradients have gradients. */
export function backpropagate(roots: readonly (readonly [Expr, Expr])[], wrt: readonly Expr[]): Map<Expr, Expr> {
  const cotangents = new Map<Expr, Expr>();
  const ofScan = new Map<Expr, (Expr | undefined)[]>();
  const accumulate = (node: Expr, cotangent: Expr) => {
    const before = cotangents.get(node);
    cotangents.set(node, before === undefined ? cotangent : before.add(cotangent));
  };
  for (const [node, cotangent] of roots) accumulate(node, cotangent);
  const order = topological(roots.map(([node]) => node));
  const needed = dependents(order, wrt);
  for (const node of order.reverse()) {
    if (!needed.has(node) || wrt.includes(node)) continue;
    if (isOp(node, 'scan')) {
      const given = ofScan.get(node);
      if (given !== undefined) spread(node, scanDerivative(node, given));
      continue;
    }
    const cotangent = cotangents.get(node);
    if (cotangent === undefined) continue;
    if (isOp(node, 'output')) {
      const scan = node.inputs[0]!;
      const list = ofScan.get(scan) ?? [];
      list[node.attributes.index] = cotangent;
      ofScan.set(scan, list);
      continue;
    }
    spread(node, rules[node.op].derivative(cotangent, node as never));
  }
  return new Map(wrt.flatMap((node) => (cotangents.has(node) ? [[node, cotangents.get(node)!]] : [])));

  function spread(node: Expr, shares: readonly (Expr | null)[]): void {
    for (const [k, share] of shares.entries()) {
      const input = node.inputs[k]!;
      if (share !== null && needed.has(input)) accumulate(input, share);
    }
  }
}

/** The nodes that depend on one of `wrt`: nothing else needs a cotangent. */
function dependents(order: readonly Expr[], wrt: readonly Expr[]): Set<Expr> {
  const set = new Set<Expr>(wrt);
  for (const node of order)
    if (node.op !== 'stopGradient' && node.inputs.some((input) => set.has(input))) set.add(node);
  return set;
}

/**
 * The gradient of `sum(value · upstream)` with respect to each of `wrt`; zeros where the value does not depend on it.
 * Without `upstream` it is the gradient of `sum(value)`.
 */
export function gradient(value: Expr, wrt: readonly Expr[], upstream: Expr = constant(1)): Expr[] {
  const found = backpropagate([[value, upstream.broadcastTo(value.shape)]], wrt);
  return wrt.map((x) => found.get(x) ?? constant(0).broadcastTo(x.shape));
}
