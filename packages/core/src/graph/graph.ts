import type { Op } from '../ops/attributes.ts';
import type { Expr } from './expr.ts';

/** Every node that `outputs` need, operands before users, in a fixed order. */
export function topological(outputs: readonly Expr[]): Expr[] {
  const order: Expr[] = [];
  const seen = new Set<Expr>();
  // An explicit stack: the gradient of a long chain is deeper than the call stack.
  const stack: { node: Expr; next: number }[] = [];
  for (const output of outputs) {
    if (!seen.has(output)) stack.push({ node: output, next: 0 });
    seen.add(output);
    while (stack.length > 0) {
      const top = stack.at(-1)!;
      const input = top.node.inputs[top.next++];
      if (input === undefined) {
        order.push(top.node);
        stack.pop();
      } else if (!seen.has(input)) {
        seen.add(input);
        stack.push({ node: input, next: 0 });
      }
    }
  }
  return order;
}

/** Narrows a node by its operation. */
export const isOp = <K extends Op>(node: Expr, op: K): node is Expr<K> & Expr => node.op === op;

/** Rebuilds a graph from the leaves up: `rewrite` gets each node and its rebuilt operands, and gives the node to use instead. */
export function rebuild(outputs: readonly Expr[], rewrite: (node: Expr, inputs: readonly Expr[]) => Expr): Expr[] {
  const rebuilt = new Map<Expr, Expr>();
  for (const node of topological(outputs))
    rebuilt.set(
      node,
      rewrite(
        node,
        node.inputs.map((input) => rebuilt.get(input)!),
      ),
    );
  return outputs.map((output) => rebuilt.get(output)!);
}
