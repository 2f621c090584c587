import { type Expr, type Primitive, type Sizes, shapeOf, sizeOf, topological } from '@isoloss/core';
import { lower, type Step, tfDType } from './lower.ts';
import type { TensorFlow, TfTensor } from './tensorflow.ts';

/** A graph of primitives in the order of its computation. */
export interface Plan {
  readonly outputs: readonly Expr[];
  readonly order: readonly Expr[];
  /** What is used for the last time by each node. */
  readonly released: ReadonlyMap<Expr, readonly Expr[]>;
}

export function plan(outputs: readonly Expr[]): Plan {
  const order = topological(outputs);
  const lastUse = new Map<Expr, Expr>();
  for (const node of order) for (const input of node.inputs) lastUse.set(input, node);
  for (const output of outputs) lastUse.delete(output);
  const released = new Map<Expr, Expr[]>();
  for (const [value, node] of lastUse)
    if (value.op !== 'input') released.set(node, [...(released.get(node) ?? []), value]);
  return { outputs, order, released };
}

/**
 * Computes a graph. The results are new tensors, one for each output; everything else that was made is gone. Needs to be
 * called within `tf.tidy` or `tf.customGrad`, so that nothing is left behind if a kernel throws.
 */
export function runPlan(
  tf: TensorFlow,
  { outputs, order, released }: Plan,
  given: ReadonlyMap<string, TfTensor>,
  sizes: Sizes,
): TfTensor[] {
  const values = new Map<Expr, readonly TfTensor[]>();
  for (const node of order) {
    values.set(node, compute(tf, node, values, given, sizes));
    for (const value of released.get(node) ?? []) {
      for (const tensor of values.get(value)!) tensor.dispose();
      values.delete(value);
    }
  }
  // An output twice, or an input that is an output: each caller owns what it gets.
  const owned = new Set<TfTensor>(given.values());
  return outputs.map((output) => {
    const tensor = values.get(output)![0]!;
    if (owned.has(tensor)) return tf.clone(tensor);
    owned.add(tensor);
    return tensor;
  });
}

function compute(
  tf: TensorFlow,
  node: Expr,
  values: ReadonlyMap<Expr, readonly TfTensor[]>,
  given: ReadonlyMap<string, TfTensor>,
  sizes: Sizes,
): readonly TfTensor[] {
  const shape = shapeOf(node.shape, sizes);
  if (sizeOf(shape) === 0 && node.op !== 'input' && node.op !== 'scan')
    return [tf.tensor([], shape, tfDType(node.type.dtype))];
  const inputs = node.inputs.flatMap((input) => values.get(input)!);
  const row = lower[node.op as Primitive] as (step: Step<Primitive>) => TfTensor | TfTensor[];
  const step = { tf, node, attributes: node.attributes, inputs, shape, sizes, given } as unknown as Step<Primitive>;
  return tf.tidy(() => {
    const result = [row(step)].flat();
    // Each node owns its value, so that the operand can be let go.
    return result.map((tensor) => (inputs.includes(tensor) ? tf.clone(tensor) : tensor));
  });
}
