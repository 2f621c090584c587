import type { Primitive, Rule, ScanBody } from '../ops/attributes.ts';
import { primitives } from '../ops/index.ts';
import { split } from '../ops/scan.ts';
import { type Sizes, shapeOf } from './dim.ts';
import type { Expr } from './expr.ts';
import { isOp, topological } from './graph.ts';
import { allocate, type NDArray, sizeOf } from './ndarray.ts';

/** Computes a graph from inputs by name, and what the named sizes are. */
export type Interpreter = (inputs: ReadonlyMap<string, NDArray>, sizes: Sizes) => NDArray[];

/** The meaning of a graph of primitives, in float64: evaluates node by node, and forgets each value after its last use. */
export function interpreter(outputs: readonly Expr[]): Interpreter {
  const order = topological(outputs);
  const lastUse = new Map<Expr, Expr>();
  for (const node of order) for (const input of node.inputs) lastUse.set(input, node);
  for (const output of outputs) lastUse.delete(output);
  const bodies = new Map(
    order.flatMap((node) => (isOp(node, 'scan') ? [[node, interpreter(node.attributes.body.outputs)] as const] : [])),
  );
  return (given, sizes) => {
    const values = new Map<Expr, NDArray>();
    const scans = new Map<Expr, NDArray[]>();
    for (const node of order) {
      const inputs = node.inputs.map((input) => values.get(input)!);
      if (isOp(node, 'input')) values.set(node, given.get(node.attributes.name) ?? missing(node.attributes.name));
      else if (isOp(node, 'scan')) scans.set(node, runScan(node.attributes, inputs, bodies.get(node)!, sizes));
      else if (isOp(node, 'output')) values.set(node, scans.get(node.inputs[0]!)![node.attributes.index]!);
      else {
        const rule = primitives[node.op as Primitive] as Rule<Primitive>;
        values.set(
          node,
          rule.evaluate(inputs, { attributes: node.attributes as never, shape: shapeOf(node.shape, sizes), sizes }),
        );
      }
      for (const input of node.inputs) {
        if (lastUse.get(input) !== node) continue;
        values.delete(input);
        scans.delete(input);
      }
    }
    return outputs.map((output) => values.get(output)!);
  };
}

function missing(name: string): never {
  throw new Error(`the input ${name} was not given`);
}

function runScan(
  { body, reverse }: { body: ScanBody; reverse: boolean },
  values: readonly NDArray[],
  step: Interpreter,
  sizes: Sizes,
): NDArray[] {
  const [init, sequences, invariants] = split(body, values);
  const names = body.inputs.map((input) => (input as Expr<'input'>).attributes.name);
  const [carryNames, sliceNames, invariantNames] = split(body, names);
  const steps = sequences[0]!.shape[0]!;
  const types = [...body.outputs.slice(0, body.carries), ...body.outputs].map((output) => output.type);
  const stacked = types.map(({ dtype, shape }) => {
    const inner = shapeOf(shape, sizes);
    return { shape: [steps, ...inner], data: allocate(dtype, steps * sizeOf(inner)) };
  });
  let carries = init;
  const arguments_ = new Map(invariantNames.map((name, k) => [name, invariants[k]!]));
  for (let n = 0; n < steps; n++) {
    const t = reverse ? steps - 1 - n : n;
    for (const [k, name] of carryNames.entries()) arguments_.set(name, carries[k]!);
    for (const [k, name] of sliceNames.entries()) arguments_.set(name, entry(sequences[k]!, t));
    const results = step(arguments_, sizes);
    [...carries, ...results].forEach((value, k) => {
      // Carries going in are the history; carries coming out are handed on, not kept.
      if (k < body.carries || k >= 2 * body.carries) stacked[k]!.data.set(value.data as never, t * value.data.length);
    });
    carries = results.slice(0, body.carries);
  }
  return [...carries, ...stacked.slice(0, body.carries), ...stacked.slice(2 * body.carries)];
}

function entry({ shape, data }: NDArray, t: number): NDArray {
  const inner = shape.slice(1);
  const length = sizeOf(inner);
  return { shape: inner, data: data.subarray(t * length, (t + 1) * length) };
}
