import type { Rule } from '../ops/attributes.ts';
import { rules } from '../ops/index.ts';
import type { Expr } from './expr.ts';
import { isOp, topological } from './graph.ts';
import { formatType } from './type.ts';

/** Re-infers every node's type; throws where a pass has made a node that its own rule would not have made. */
export function check(outputs: readonly Expr[]): void {
  for (const node of topological(outputs)) {
    const rule = rules[node.op] as Pick<Rule<typeof node.op>, 'infer'>;
    const type = rule.infer(
      node.inputs.map((input) => input.type),
      node.attributes as never,
      node.inputs,
    );
    if (formatType(type) !== formatType(node.type))
      throw new Error(`${node.op} has type ${formatType(node.type)} where its rule gives ${formatType(type)}`);
    if (!isOp(node, 'scan')) continue;
    const { body } = node.attributes;
    check(body.outputs);
    const given = new Set(body.inputs);
    for (const leaf of topological(body.outputs))
      if (leaf.op === 'input' && !given.has(leaf))
        throw new Error(`a scan's body uses the input ${(leaf as Expr<'input'>).attributes.name} of another graph`);
  }
}
