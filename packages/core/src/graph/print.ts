import type { ScanBody } from '../ops/attributes.ts';
import type { Expr } from './expr.ts';
import { isOp, topological } from './graph.ts';
import { formatType } from './type.ts';

/** A graph as text, stable under everything that doesn't change it: `%3 float[N,C] = mul %1 %2`. */
export function print(outputs: Readonly<Record<string, Expr>>): string {
  const lines = printNodes(Object.values(outputs), '');
  return [...lines.text, ...Object.entries(outputs).map(([name, output]) => `${name} = ${lines.name(output)}`)].join(
    '\n',
  );
}

function printNodes(outputs: readonly Expr[], indent: string): { text: string[]; name(node: Expr): string } {
  const order = topological(outputs);
  const names = new Map<Expr, string>();
  const text: string[] = [];
  let next = 0;
  for (const node of order) {
    if (isOp(node, 'constant')) names.set(node, formatNumber(node.attributes.value));
    else if (isOp(node, 'input')) {
      names.set(node, node.attributes.name);
      text.push(`${indent}${node.attributes.name} ${formatType(node.type)}`);
    } else {
      names.set(node, `%${next++}`);
      const operands = node.inputs.map((input) => ` ${names.get(input)}`).join('');
      text.push(`${indent}${names.get(node)} ${formatType(node.type)} = ${node.op}${operands}${attributes(node)}`);
      if (isOp(node, 'scan')) text.push(...printBody(node.attributes.body, `${indent}  `));
    }
  }
  return { text, name: (node) => names.get(node)! };
}

function printBody(body: ScanBody, indent: string): string[] {
  const { text, name } = printNodes(body.outputs, indent);
  return [
    ...text,
    `${indent}next ${body.outputs.slice(0, body.carries).map(name).join(', ')}; give ${body.outputs.slice(body.carries).map(name).join(', ')}`,
  ];
}

const formatNumber = (value: number): string => (Object.is(value, -0) ? '-0' : String(value));

function attributes(node: Expr): string {
  const entries = Object.entries(node.attributes).filter(([name]) => name !== 'body' && name !== 'shape');
  const value = (entry: unknown) => (Array.isArray(entry) ? `[${entry.join(',')}]` : String(entry));
  return entries.map(([name, entry]) => ` ${name}=${value(entry)}`).join('');
}
