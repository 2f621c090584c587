import { type Expr, type Op, type Primitive, type Sizes, shapeOf, sizeOf } from '@isoloss/core';
import { lower, type Step, tfDType } from './lower.ts';
import { nativeOps, nativeRecipes, type Recipe } from './native.ts';
import { openSoftmax } from './softmax.ts';
import type { TensorFlow, TfTensor } from './tensorflow.ts';

/** What core's `lowered` is to leave for {@link open}. */
export const kept = (native: boolean): ReadonlySet<Op> => new Set<Op>(['logSoftmax', ...(native ? nativeOps : [])]);

/** Opens what {@link kept} left but for what has a recipe. */
export const open = openSoftmax;

/** A graph of primitives in the order of its computation. */
export interface Plan {
  readonly outputs: readonly Expr[];
  readonly order: readonly Expr[];
  readonly recipes: ReadonlyMap<Expr, Recipe>;
  /** What is used for the last time by each node. */
  readonly released: ReadonlyMap<Expr, readonly Expr[]>;
  /** Whether it needs tfjs-node. */
  readonly native: boolean;
}

/** `native`: for tfjs-node, whose kernels do some things at once; only there may stable operations be left. */
export function plan(outputs: readonly Expr[], native: boolean): Plan {
  const own = native ? nativeRecipes(outputs) : () => undefined;
  const recipes = new Map<Expr, Recipe>();
  const recipeOf = (node: Expr): Recipe => {
    let found = recipes.get(node);
    if (found === undefined) {
      found = own(node) ?? {
        operands: node.inputs,
        compute: lower[node.op as Primitive] as unknown as Recipe['compute'],
      };
      recipes.set(node, found);
    }
    return found;
  };
  const order = orderOf(outputs, (node) => recipeOf(node).operands);
  const lastUse = new Map<Expr, Expr>();
  for (const node of order) for (const operand of recipeOf(node).operands) lastUse.set(operand, node);
  for (const output of outputs) lastUse.delete(output);
  const released = new Map<Expr, Expr[]>();
  for (const [value, node] of lastUse)
    if (value.op !== 'input') released.set(node, [...(released.get(node) ?? []), value]);
  return { outputs, order, recipes, released, native };
}

/** Operands before what is made of them. */
function orderOf(outputs: readonly Expr[], operandsOf: (node: Expr) => readonly Expr[]): Expr[] {
  const order = new Set<Expr>();
  const stack = outputs.toReversed();
  while (stack.length > 0) {
    const node = stack.at(-1)!;
    const missing = order.has(node) ? [] : operandsOf(node).filter((operand) => !order.has(operand));
    if (missing.length > 0) stack.push(...missing.reverse());
    else order.add(stack.pop()!);
  }
  return [...order];
}

/**
 * Computes a graph. The results are new tensors, one for each output; everything else that was made is gone. Needs to be
 * called within `tf.tidy` or `tf.customGrad`, so that nothing is left behind if a kernel throws.
 */
export function runPlan(
  tf: TensorFlow,
  { outputs, order, recipes, released }: Plan,
  given: ReadonlyMap<string, TfTensor>,
  sizes: Sizes,
): TfTensor[] {
  const values = new Map<Expr, readonly TfTensor[]>();
  for (const node of order) {
    values.set(node, resultOf(tf, node, recipes.get(node)!, values, given, sizes));
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

function resultOf(
  tf: TensorFlow,
  node: Expr,
  { operands, compute }: Recipe,
  values: ReadonlyMap<Expr, readonly TfTensor[]>,
  given: ReadonlyMap<string, TfTensor>,
  sizes: Sizes,
): readonly TfTensor[] {
  const shape = shapeOf(node.shape, sizes);
  if (sizeOf(shape) === 0 && node.op !== 'input' && node.op !== 'scan')
    return [tf.tensor([], shape, tfDType(node.type.dtype))];
  const inputs = operands.flatMap((operand) => values.get(operand)!);
  const step = { tf, node, attributes: node.attributes, inputs, shape, sizes, given } as unknown as Step<Primitive>;
  return tf.tidy(() => {
    const result = [compute(step)].flat();
    // Each node owns its value, so that the operand can be let go.
    return result.map((tensor) => (inputs.includes(tensor) ? tf.clone(tensor) : tensor));
  });
}
