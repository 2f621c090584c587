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
import { type Plan, plan, runPlan } from './execute.ts';
import type { TensorFlow, TfTensor } from './tensorflow.ts';

type Given = ReadonlyMap<string, TfTensor>;

/** Values of one graph that are computed together and differentiated one by one. */
interface Family {
  readonly outputs: readonly Expr[];
  /** Names of everything that the outputs depend on. */
  readonly leaves: readonly string[];
  /** What a gradient may be asked for. */
  readonly floats: readonly Expr<'input'>[];
  /** Gives the outputs, then what the derivative reads of their computation. */
  readonly forward: Plan;
  /** Names under which {@link derivative} reads them. */
  readonly intermediates: readonly string[];
  /** The gradients of sum(output · upstream) with respect to each of `floats`. */
  derivative(output: number): { readonly family: Family; readonly upstream: string };
}

export type DifferentiableGraph = (given: Given, sizes: Sizes) => TfTensor;

/**
 * A traced loss as one operation of TensorFlow.js whose gradient is our graph, not the one that tfjs would derive. The
 * gradient is such an operation again, so that it can be differentiated as often as asked.
 */
export function differentiable(tf: TensorFlow, program: Program, wrt: readonly string[]): DifferentiableGraph {
  const floats = program.inputs
    .filter(({ name }) => wrt.includes(name))
    .map(({ name, type }) => make('input', [], { name, type }));
  const root = rootFamily(
    program,
    program.inputs.map(({ name }) => name),
    floats,
  );
  return (given, sizes) => call(tf, root, given, sizes)[0]!;
}

/** The outputs of a family as tensors, each with its own place on the tape. */
function call(tf: TensorFlow, family: Family, given: Given, sizes: Sizes): TfTensor[] {
  // All are computed inside the first, where nothing is taped, and handed out by the others.
  let computed: TfTensor[] = [];
  return family.outputs.map((_, k) => {
    const operation = tf.customGrad((...operands) => {
      const save = operands.at(-1) as unknown as (tensors: TfTensor[]) => void;
      if (k === 0) {
        computed = runPlan(tf, family.forward, given, sizes);
        for (const tensor of computed.slice(1, family.outputs.length)) tf.keep(tensor);
      }
      const value = k === 0 ? computed[0]! : tf.clone(computed[k]!);
      if (k > 0) computed[k]!.dispose();
      // A tape keeps what is saved, also beyond the scope in which the caller made it; without a tape this does nothing.
      const intermediates = computed.slice(family.outputs.length);
      save([...family.leaves.map((name) => given.get(name)!), ...intermediates]);
      return {
        value,
        gradFunc: (dy: TfTensor | TfTensor[], saved: TfTensor[]) => {
          const { family: next, upstream } = family.derivative(k);
          const names = [...family.leaves, ...family.intermediates];
          const known = new Map(names.map((name, n) => [name, saved[n]!]));
          return call(tf, next, known.set(upstream, dy as TfTensor), sizes);
        },
      };
    });
    return operation(...family.floats.map((leaf) => given.get(leaf.attributes.name)!));
  });
}

/** A value whose derivative reads what its own computation has made, instead of computing it again. */
function rootFamily(program: Program, leaves: readonly string[], floats: readonly Expr<'input'>[]): Family {
  const { name: upstream, gradients } = gradientsOf(program.value, floats, 1);
  const [value, ...ready] = lower(program, [program.value, ...gradients]);
  const shared = intermediatesOf(value!, ready);
  const inputs = new Map(
    shared.map((node, k) => [node, make('input', [], { name: `intermediate:${k}`, type: node.type }) as Expr]),
  );
  const rest = rebuild(
    ready,
    (node, operands) => inputs.get(node) ?? (make(node.op, operands, node.attributes as never) as Expr),
  );
  const names = [...inputs.values()].map((input) => (input as Expr<'input'>).attributes.name);
  const derivative: Family = {
    ...familyOf(program, gradients, [...leaves, upstream.attributes.name], [...floats, upstream], 2),
    forward: plan(rest),
  };
  return {
    outputs: [program.value],
    leaves,
    floats,
    forward: plan([value!, ...shared]),
    intermediates: names,
    derivative: () => ({ family: derivative, upstream: upstream.attributes.name }),
  };
}

/** Derivatives of higher order are rare: their graphs are made when they are asked for. */
function familyOf(
  program: Program,
  outputs: readonly Expr[],
  leaves: readonly string[],
  floats: readonly Expr<'input'>[],
  order: number,
): Family {
  const derivatives = new Map<number, { family: Family; upstream: string }>();
  let forward: Plan | undefined;
  return {
    outputs,
    leaves,
    floats,
    get forward() {
      forward ??= plan(lower(program, outputs));
      return forward;
    },
    intermediates: [],
    derivative(k) {
      let found = derivatives.get(k);
      if (found === undefined) {
        const { name, gradients } = gradientsOf(outputs[k]!, floats, order);
        const upstream = name.attributes.name;
        const family = familyOf(program, gradients, [...leaves, upstream], [...floats, name], order + 1);
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

function lower(program: Program, [value, ...rest]: readonly Expr[]): Expr[] {
  return outputsOf(lowered({ ...program, value: value!, gradients: Object.fromEntries(rest.entries()) }));
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
