import { type Expr, isOp, type Op, type Sizes, topological } from '@isoloss/core';
import type { TensorFlow, TfTensor } from './tensorflow.ts';

/** How a value is computed from others: not always from the operands of its node. */
export interface Recipe {
  readonly operands: readonly Expr[];
  readonly compute: (step: RecipeStep) => TfTensor | TfTensor[];
}

interface RecipeStep {
  readonly tf: TensorFlow;
  readonly node: Expr;
  readonly inputs: readonly TfTensor[];
  readonly shape: number[];
  readonly sizes: Sizes;
}

/** Of tfjs-node's backend, which runs any kernel of TensorFlow, also those for which tfjs has no operation. */
interface TensorFlowBackend {
  readonly binding: Readonly<Record<'TF_ATTR_TYPE' | 'TF_FLOAT' | 'TF_INT32' | 'TF_BOOL', number>>;
  executeSingleOutput(name: string, attributes: readonly object[], inputs: readonly TfTensor[]): TfTensor;
}

/** Whether these recipes are of use: on tfjs-node. There a kernel's time is that of the memory that it fills, so fewer is faster. */
export const isNative = (tf: TensorFlow): boolean => tf.getBackend() === 'tensorflow';

/** Stable operations that are one kernel of TensorFlow, or few, as accurate as their bodies: test/native-kernels.test.ts. */
export const nativeOps: ReadonlySet<Op> = new Set<Op>(['sigmoid', 'softplus', 'logisticLoss']);

function kernel(tf: TensorFlow, name: string, inputs: readonly TfTensor[]): TfTensor {
  const backend = tf.backend() as unknown as TensorFlowBackend;
  const { TF_ATTR_TYPE, TF_FLOAT, TF_INT32, TF_BOOL } = backend.binding;
  const value = { float32: TF_FLOAT, int32: TF_INT32, bool: TF_BOOL }[inputs.at(-1)!.dtype as 'float32'];
  return backend.executeSingleOutput(name, [{ name: 'T', type: TF_ATTR_TYPE, value }], inputs);
}

/** a/(1 + e⁻ˣ): what TensorFlow calls a gradient of softplus is a·σ(x) in one kernel, as accurate as our sigmoid. */
const timesSigmoid = (tf: TensorFlow, a: TfTensor, x: TfTensor): TfTensor => kernel(tf, 'SoftplusGrad', [a, x]);

/** a·b, and 0 where b is 0, whatever a is. */
const mulNoNan = (tf: TensorFlow, a: TfTensor, b: TfTensor): TfTensor => kernel(tf, 'MulNoNan', [a, b]);

/**
 * The two parts of t·softplus(−x) + (1−t)·softplus(x): softplus(−|x|), and x·(1−t) or −x·t, whichever is a relu's. Nothing
 * of them cancels, and a part of weight 0 is 0 beside an infinite logit too.
 */
function logisticParts(tf: TensorFlow, x: TfTensor, t: TfTensor): [TfTensor, TfTensor] {
  const small = tf.softplus(tf.neg(tf.abs(x)));
  const positive = tf.cast(tf.greater(x, 0), 'float32');
  return [small, mulNoNan(tf, x, tf.sub(positive, t))];
}

/** Sums of what is not made for anything else, in fewer passes. */
function sumRecipe(node: Expr<'sum'>, users: Users): Recipe | undefined {
  const [x] = node.inputs;
  if (node.rank > 0 || node.attributes.axes.length !== x!.rank || users.get(x!)?.length !== 1) return undefined;
  const [a, b] = x!.inputs;
  // Half the sum of squares, which are never in memory.
  if (x!.op === 'mul' && a === b)
    return { operands: [a!], compute: ({ tf, inputs: [root] }) => tf.mul(kernel(tf, 'L2Loss', [root!]), 2) };
  if (x!.op === 'logisticLoss' && isPlain(x!))
    return {
      operands: [a!, b!],
      compute: ({ tf, inputs: [logits, t] }) => {
        const [small, linear] = logisticParts(tf, logits!, t!);
        return tf.add(tf.sum(small), tf.sum(linear));
      },
    };
  return undefined;
}

const sameShapes = (a: Expr, b: Expr): boolean => a.shape.join() === b.shape.join();

/** A logistic loss without a weight of its positives. */
function isPlain(node: Expr): boolean {
  const [x, t, w] = node.inputs;
  return isOp(w!, 'constant') && w.attributes.value === 1 && sameShapes(x!, t!);
}

/** The factor beside a sigmoid, if this product is one kernel. */
function besideSigmoid(node: Expr): [factor: Expr, logit: Expr] | undefined {
  if (node.op !== 'mul') return undefined;
  const [a, b] = node.inputs;
  for (const [factor, sigmoid] of [
    [a!, b!],
    [b!, a!],
  ])
    if (sigmoid!.op === 'sigmoid' && sameShapes(factor!, sigmoid!)) return [factor!, sigmoid!.inputs[0]!];
  return undefined;
}

type Users = ReadonlyMap<Expr, readonly Expr[]>;

function usersOf(outputs: readonly Expr[]): Users {
  const users = new Map<Expr, Expr[]>();
  for (const node of topological(outputs))
    for (const input of new Set(node.inputs)) users.set(input, [...(users.get(input) ?? []), node]);
  // An output is made in any case.
  for (const output of outputs) users.set(output, [output, output]);
  return users;
}

/** What tfjs-node computes in a way of its own. */
export function nativeRecipes(outputs: readonly Expr[]): (node: Expr) => Recipe | undefined {
  const users = usersOf(outputs);
  return (node) => {
    switch (node.op) {
      case 'sum':
        return sumRecipe(node as Expr<'sum'>, users);
      case 'mul': {
        const found = besideSigmoid(node);
        const sigmoid = found && node.inputs.find((x) => x.op === 'sigmoid' && x.inputs[0] === found[1])!;
        if (found === undefined || !users.get(sigmoid!)!.every((user) => besideSigmoid(user))) return undefined;
        return { operands: found, compute: ({ tf, inputs: [a, x] }) => timesSigmoid(tf, a!, x!) };
      }
      case 'sigmoid':
        return {
          operands: node.inputs,
          compute: ({ tf, inputs: [x] }) => timesSigmoid(tf, tf.fill(x!.shape, 1), x!),
        };
      case 'softplus':
        return { operands: node.inputs, compute: ({ tf, inputs: [x] }) => tf.softplus(x!) };
      case 'logisticLoss':
        return {
          operands: node.inputs,
          compute: ({ tf, inputs: [x, t, w] }) => {
            if (isPlain(node)) {
              const [small, linear] = logisticParts(tf, x!, t!);
              return tf.add(small, linear);
            }
            const term = (share: TfTensor, logit: TfTensor) => mulNoNan(tf, tf.softplus(logit), share);
            return tf.add(tf.mul(term(t!, tf.neg(x!)), w!), term(tf.sub(1, t!), x!));
          },
        };
      case 'where':
        // tf.where repeats its operands in memory first.
        return { operands: node.inputs, compute: ({ tf, inputs }) => kernel(tf, 'SelectV2', inputs) };
      default:
        return undefined;
    }
  };
}
