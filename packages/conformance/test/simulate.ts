import {
  type Expr,
  expand,
  isOp,
  type NDArray,
  outputsOf,
  type Primitive,
  type Program,
  primitives,
  type Rule,
  type Sizes,
  shapeOf,
  sizeOf,
  splitScan,
  type Tensor,
  topological,
} from '@isoloss/core';

/**
 * A float32 backend of the simplest kind, for trying bounds: every primitive of the unsimplified graph computed from
 * float32 operands and rounded once, sums one term after the other.
 */
export function simulateFloat32(program: Program, tensors: Readonly<Record<string, Tensor>>, sizes: Sizes): NDArray[] {
  const inputs = new Map(
    program.inputs.map(({ name, type }): [string, NDArray] => {
      const { shape, data } = tensors[name]!;
      return [name, { shape, data: type.dtype === 'float' ? Float64Array.from(data) : (data as Int32Array) }];
    }),
  );
  return run(expand(outputsOf(program)), inputs, sizes);
}

function run(outputs: readonly Expr[], inputs: ReadonlyMap<string, NDArray>, sizes: Sizes): NDArray[] {
  const values = new Map<Expr, NDArray>();
  const scans = new Map<Expr, NDArray[]>();
  for (const node of topological(outputs)) {
    const operands = node.inputs.map((input) => values.get(input)!);
    if (isOp(node, 'input')) values.set(node, inputs.get(node.attributes.name)!);
    else if (isOp(node, 'scan')) scans.set(node, loop(node, operands, sizes));
    else if (isOp(node, 'output')) values.set(node, scans.get(node.inputs[0]!)![node.attributes.index]!);
    else values.set(node, rounded(operation(node, operands, sizes)));
  }
  return outputs.map((output) => values.get(output)!);
}

const rounded = ({ shape, data }: NDArray): NDArray => ({
  shape,
  data: data instanceof Float64Array ? data.map(Math.fround) : data,
});

function operation(node: Expr, operands: readonly NDArray[], sizes: Sizes): NDArray {
  const rule = primitives[node.op as Primitive] as Rule<Primitive>;
  const context = { attributes: node.attributes as never, shape: shapeOf(node.shape, sizes), sizes };
  if (!isOp(node, 'sum') || node.type.dtype !== 'float') return rule.evaluate(operands, context);
  // One axis after the other, one slice after the other, rounding every partial sum.
  let [x] = operands;
  for (const axis of node.attributes.axes) {
    const shape = x!.shape.map((size, k) => (k === axis ? 1 : size));
    const inner = sizeOf(x!.shape.slice(axis + 1));
    const length = x!.shape[axis]!;
    const data = new Float64Array(sizeOf(shape));
    for (let k = 0; k < x!.data.length; k++) {
      const at = Math.floor(k / (inner * length)) * inner + (k % inner);
      data[at] = Math.fround(data[at]! + x!.data[k]!);
    }
    x = { shape, data };
  }
  return { shape: context.shape, data: x!.data };
}

function loop(node: Expr<'scan'>, operands: readonly NDArray[], sizes: Sizes): NDArray[] {
  const { body, reverse } = node.attributes;
  const [init, sequences, invariants] = splitScan(body, operands);
  const names = splitScan(
    body,
    body.inputs.map((input) => (input as Expr<'input'>).attributes.name),
  );
  const steps = sequences[0]!.shape[0]!;
  const rows: NDArray[][] = [];
  let carries = init;
  const inputs = new Map(names[2].map((name, k) => [name, invariants[k]!]));
  for (let n = 0; n < steps; n++) {
    const t = reverse ? steps - 1 - n : n;
    for (const [k, name] of names[0].entries()) inputs.set(name, carries[k]!);
    for (const [k, name] of names[1].entries()) {
      const { shape, data } = sequences[k]!;
      const size = sizeOf(shape.slice(1));
      inputs.set(name, { shape: shape.slice(1), data: data.subarray(t * size, (t + 1) * size) as Float64Array });
    }
    const results = run(body.outputs, inputs, sizes);
    rows[t] = [...carries, ...results.slice(body.carries)];
    carries = results.slice(0, body.carries);
  }
  const stacked = body.outputs.map(({ type, shape }, k): NDArray => {
    const inner = shapeOf(shape, sizes);
    const data = new (type.dtype === 'float' ? Float64Array : type.dtype === 'int' ? Int32Array : Uint8Array)(
      steps * sizeOf(inner),
    );
    rows.forEach((row, t) => {
      data.set(row[k]!.data as never, t * sizeOf(inner));
    });
    return { shape: [steps, ...inner], data };
  });
  return [...carries, ...stacked];
}
