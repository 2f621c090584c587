import {
  type Expr,
  gradient,
  isOp,
  lowered,
  make,
  outputsOf,
  type Program,
  rebuild,
  type Sizes,
  topological,
} from '@isoloss/core';
import { kept, open, type Plan, plan, runPlan } from './execute.ts';
import type { TensorFlow, TfTensor } from './tensorflow.ts';

type Given = ReadonlyMap<string, TfTensor>;

/** Values of one graph that are computed together and differentiated one by one. */
interface Family {
  readonly outputs: readonly Expr[];
  /** Names of everything that the outputs depend on. */
  readonly leaves: readonly string[];
  /** What a gradient may be asked for. */
  readonly floats: readonly Expr<'input'>[];
  readonly forward: Plan;
  /** The gradients of sum(output · upstream) with respect to each of `floats`. */
  derivative(output: number): { readonly family: Family; readonly upstream: string };
}

/** The value of a loss, whose derivative reads what its own computation has made, instead of computing it again. */
interface Root {
  readonly leaves: readonly string[];
  /** Gives the value, then what the derivatives read. */
  readonly forward: Plan;
  readonly groups: readonly Group[];
}

/** Inputs whose gradients are computed together. */
interface Group {
  readonly floats: readonly Expr<'input'>[];
  /** Which of the intermediates these gradients read. */
  readonly reads: readonly number[];
  readonly derivative: Family;
  readonly upstream: string;
}

export type DifferentiableGraph = (given: Given, sizes: Sizes) => TfTensor;

/**
 * A traced loss as one operation of TensorFlow.js whose gradient is our graph, not the one that tfjs would derive. The
 * gradient is such an operation again, so that it can be differentiated as often as asked.
 *
 * TensorFlow.js asks an operation for all its gradients at once. So that those of a target and of weights, which are rarely
 * wanted, are computed only then, these inputs belong to an operation of their own, before that of the others.
 */
export function differentiable(
  tf: TensorFlow,
  program: Program,
  { wrt, native }: { wrt: readonly string[]; native: boolean },
): DifferentiableGraph {
  const root = rootOf(program, wrt, native);
  return (given, sizes) => callRoot(tf, root, given, sizes);
}

type GradFunc = (dy: TfTensor, saved: TfTensor[]) => TfTensor[];
type Save = (tensors: TfTensor[]) => void;

/** customGrad, whose types know scalars only. */
function operation(tf: TensorFlow, inputs: readonly TfTensor[], forward: (save: Save) => TfTensor, gradFunc: GradFunc) {
  const custom = tf.customGrad((...operands) => ({
    value: forward(operands.at(-1) as unknown as Save),
    gradFunc: gradFunc as (dy: TfTensor, saved: TfTensor[]) => TfTensor[],
  }));
  return custom(...inputs);
}

function callRoot(tf: TensorFlow, { leaves, forward, groups }: Root, given: Given, sizes: Sizes): TfTensor {
  const own = leaves.map((name) => given.get(name)!);
  let intermediates: TfTensor[] = [];
  let value: TfTensor | undefined;
  try {
    for (const { floats, reads, derivative, upstream } of groups) {
      const before = value;
      const inputs = floats.map((leaf) => given.get(leaf.attributes.name)!);
      value = operation(
        tf,
        before === undefined ? inputs : [before, ...inputs],
        (save) => {
          let result: TfTensor;
          // All is computed inside the first, where nothing is taped.
          if (before === undefined) {
            [result, ...intermediates] = runPlan(tf, forward, given, sizes) as [TfTensor, ...TfTensor[]];
            for (const tensor of intermediates) tf.keep(tensor);
          } else result = tf.clone(before);
          // A tape keeps what is saved, also beyond the scope in which the caller made it; without a tape this does nothing.
          save([...own, ...reads.map((k) => intermediates[k]!)]);
          return result;
        },
        (dy, saved) => {
          const names = [...leaves, ...reads.map(intermediateName)];
          const known = new Map(names.map((name, n) => [name, saved[n]!]));
          const gradients = call(tf, derivative, known.set(upstream, dy), sizes);
          return before === undefined ? gradients : [tf.clone(dy), ...gradients];
        },
      );
    }
  } finally {
    for (const tensor of intermediates) tensor.dispose();
  }
  return value!;
}

/** The outputs of a family as tensors, each with its own place on the tape. */
function call(tf: TensorFlow, family: Family, given: Given, sizes: Sizes): TfTensor[] {
  // All are computed inside the first, where nothing is taped, and handed out by the others.
  let computed: TfTensor[] = [];
  return family.outputs.map((_, k) =>
    operation(
      tf,
      family.floats.map((leaf) => given.get(leaf.attributes.name)!),
      (save) => {
        if (k === 0) {
          computed = runPlan(tf, family.forward, given, sizes);
          for (const tensor of computed.slice(1)) tf.keep(tensor);
        }
        const value = k === 0 ? computed[0]! : tf.clone(computed[k]!);
        if (k > 0) computed[k]!.dispose();
        save(family.leaves.map((name) => given.get(name)!));
        return value;
      },
      (dy, saved) => {
        const { family: next, upstream } = family.derivative(k);
        const known = new Map(family.leaves.map((name, n) => [name, saved[n]!]));
        return call(tf, next, known.set(upstream, dy), sizes);
      },
    ),
  );
}

const intermediateName = (k: number): string => `intermediate:${k}`;

function rootOf(program: Program, wrt: readonly string[], native: boolean): Root {
  const leaves = program.inputs.map(({ name }) => name);
  const floats = program.inputs
    .filter(({ name }) => wrt.includes(name))
    .map(({ name, type }) => make('input', [], { name, type }));
  const rarely = new Set(
    program.inputs.filter(({ name, spec }) => name === 'target' || spec.optional).map(({ name }) => name),
  );
  const isRare = (leaf: Expr<'input'>) => rarely.has(leaf.attributes.name);
  const parts = [floats.filter(isRare), floats.filter((leaf) => !isRare(leaf))].filter(({ length }) => length > 0);

  const { name: upstream, gradients } = gradientsOf(program.value, floats, 1);
  const [value, ...ready] = lower(program, [program.value, ...gradients], native);
  const shared = intermediatesOf(value!, ready);
  const inputs = new Map(
    shared.map((node, k) => [node, make('input', [], { name: intermediateName(k), type: node.type }) as Expr]),
  );
  const rest = rebuild(
    ready,
    (node, operands) => inputs.get(node) ?? (make(node.op, operands, node.attributes as never) as Expr),
  );
  const ofGroup = (group: readonly Expr<'input'>[]): Group => {
    const own = <T>(list: readonly T[]) => list.filter((_, k) => group.includes(floats[k]!));
    const forward = own(rest);
    const used = new Set(topological(forward));
    return {
      floats: group,
      reads: shared.flatMap((node, k) => (used.has(inputs.get(node)!) ? [k] : [])),
      derivative: {
        ...familyOf(program, own(gradients), [...leaves, upstream.attributes.name], [...floats, upstream], 2, native),
        forward: plan(forward, native),
      },
      upstream: upstream.attributes.name,
    };
  };
  return {
    leaves,
    forward: plan([value!, ...shared], native),
    groups: (parts.length === 0 ? [[]] : parts).map(ofGroup),
  };
}

/** Derivatives of higher order are rare: their graphs are made when they are asked for. */
function familyOf(
  program: Program,
  outputs: readonly Expr[],
  leaves: readonly string[],
  floats: readonly Expr<'input'>[],
  order: number,
  native: boolean,
): Family {
  const derivatives = new Map<number, { family: Family; upstream: string }>();
  let forward: Plan | undefined;
  return {
    outputs,
    leaves,
    floats,
    get forward() {
      forward ??= plan(lower(program, outputs, native), native);
      return forward;
    },
    derivative(k) {
      let found = derivatives.get(k);
      if (found === undefined) {
        const { name, gradients } = gradientsOf(outputs[k]!, floats, order);
        const upstream = name.attributes.name;
        const family = familyOf(program, gradients, [...leaves, upstream], [...floats, name], order + 1, native);
        found = { family, upstream };
        derivatives.set(k, found);
      }
      return found;
    },
  };
}

/** No input of a loss has a colon in its name. */
function gradientsOf(
  value: Expr,
  floats: readonly Expr<'input'>[],
  order: number,
): { name: Expr<'input'>; gradients: Expr[] } {
  const name = make('input', [], { name: `upstream:${order}`, type: value.type });
  return { name, gradients: gradient(value, floats as readonly Expr[], name as Expr) };
}

function lower(program: Program, [value, ...rest]: readonly Expr[], native: boolean): Expr[] {
  const whole = { ...program, value: value!, gradients: Object.fromEntries(rest.entries()) };
  return open(outputsOf(lowered(whole, kept(native))));
}

/** Nodes of the value's computation that the gradients read. */
function intermediatesOf(value: Expr, gradients: readonly Expr[]): Expr[] {
  const forward = new Set(topological([value]));
  const all = topological(gradients);
  // What a scan of the value gave, although the value doesn't need it (its history), is of its computation too.
  for (const node of all) if (isOp(node, 'output') && forward.has(node.inputs[0]!)) forward.add(node);
  const leaf = (node: Expr) => node.inputs.length === 0 || node.op === 'scan';
  const read = [...gradients, ...all.filter((node) => !forward.has(node)).flatMap((node) => node.inputs)];
  return [...new Set(read)].filter((node) => forward.has(node) && !leaf(node));
}
