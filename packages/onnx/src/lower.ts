import {
  type Dim,
  type DType,
  type Expr,
  isOp,
  outputsOf,
  type Primitive,
  type Program,
  productOfDims,
  splitScan,
  type TensorType,
  topological,
} from '@isoloss/core';
import { type Attributes, type FloatType, GraphBuilder } from './builder.ts';
import { type ElementType, elementTypes, type GraphProto } from './proto.ts';

/** Writes a primitive as ONNX nodes and gives the name of its value. */
type Lower<K extends Primitive> = (node: Expr<K>, inputs: readonly string[], scope: Scope) => string;

/** One graph being written: the outermost one, or the body of a scan. */
interface Scope {
  readonly graph: GraphBuilder;
  readonly values: Map<Expr, string>;
  /** What each scan gives, by index; only indices that some `output` node asks for are there. */
  readonly scans: Map<Expr, ReadonlyMap<number, string>>;
  readonly outputs: ReadonlyMap<Expr, ReadonlySet<number>>;
}

const op =
  (name: string, attributes?: Attributes): Lower<Primitive> =>
  (_, inputs, { graph }) =>
    graph.node(name, inputs, attributes);

const pass: Lower<Primitive> = (_, [x]) => x!;

/** Every primitive in ONNX, opset 18, of operations that ONNX Runtime has for float32 and float64 alike. */
export const lowerings: { readonly [K in Primitive]: Lower<K> } = {
  input: ({ attributes: { name } }) => {
    throw new Error(`the input ${name} is not one of the program`);
  },
  constant: ({ attributes: { value, dtype } }, _, { graph }) => graph.constant(dtype, value),
  size: ({ attributes: { dim } }, _, { graph }) => graph.size(dim),
  iota: ({ attributes: { dim } }, _, { graph }) =>
    graph.node('Range', [graph.constant('int', 0), graph.size(dim), graph.constant('int', 1)]),

  add: op('Add'),
  sub: op('Sub'),
  mul: op('Mul'),
  div: op('Div'),
  minimum: op('Min'),
  maximum: op('Max'),
  neg: op('Neg'),
  abs: op('Abs'),
  // ONNX Runtime's Sign of NaN is 0.
  sign: (_, [x], { graph }) => graph.node('Where', [graph.node('IsNaN', [x!]), x!, graph.node('Sign', [x!])]),
  sqrt: op('Sqrt'),
  exp: op('Exp'),
  expm1,
  log: op('Log'),
  log1p,
  relu: op('Relu'),
  pow: ({ attributes: { exponent } }, [x], { graph }) => graph.node('Pow', [x!, graph.constant('float', exponent)]),

  equal: op('Equal'),
  less: op('Less'),
  lessEqual: op('LessOrEqual'),
  isNaN: op('IsNaN'),
  isFinite: (_, [x], { graph }) => finite(x!, graph),
  and: op('And'),
  or: op('Or'),
  not: op('Not'),
  where: op('Where'),
  cast: ({ attributes: { dtype } }, [x], { graph }) =>
    graph.node('Cast', [x!], { to: elementTypes[graph.elementType(dtype)] }),
  stopGradient: pass,

  reshape: ({ inputs: [x], shape }, [value], { graph }) => {
    const [removed, inserted] = onesMoved(x!.shape, shape);
    if (removed === undefined || (removed.length > 0 && inserted!.length > 0))
      return graph.node('Reshape', [value!, graph.shape(shape)], { allowzero: 1 });
    if (removed.length > 0) return graph.node('Squeeze', [value!, graph.constant('int', removed)]);
    return inserted!.length > 0 ? graph.node('Unsqueeze', [value!, graph.constant('int', inserted!)]) : value!;
  },
  broadcastTo: ({ shape }, [x], { graph }) => graph.node('Expand', [x!, graph.shape(shape)]),
  transpose: ({ attributes: { permutation } }, [x], { graph }) => graph.node('Transpose', [x!], { perm: permutation }),
  slice: ({ attributes: { axis, start, end } }, [x], { graph }) =>
    graph.node('Slice', [x!, graph.shape([start]), graph.shape([end]), graph.constant('int', [axis])]),
  reverse: ({ attributes: { axis } }, [x], { graph }) =>
    graph.node('Slice', [
      x!,
      graph.constant('int', [-1]),
      // Past the front: any end that no axis reaches counting from the back.
      graph.constant('int', [Number.MIN_SAFE_INTEGER]),
      graph.constant('int', [axis]),
      graph.constant('int', [-1]),
    ]),
  concat: ({ attributes: { axis } }, inputs, { graph }) => graph.node('Concat', inputs, { axis }),

  sum: ({ attributes: { axes, keepDims } }, [x], { graph }) => reduce('ReduceSum', x!, axes, keepDims, graph),
  max,
  matmul: op('MatMul'),

  gather: ({ attributes: { axis } }, [x, index], { graph }) => graph.node('GatherElements', [x!, index!], { axis }),
  scatterAdd: ({ shape, attributes: { axis } }, [x, index], { graph }) => {
    const zeros = graph.node('Expand', [graph.constant('float', 0), graph.shape(shape)]);
    return graph.node('ScatterElements', [zeros, index!, x!], { axis, reduction: 'add' });
  },
  argsort,
  cumsum: ({ attributes: { axis, exclusive, reverse } }, [x], { graph }) =>
    graph.node('CumSum', [x!, graph.constant('int', axis)], { exclusive: Number(exclusive), reverse: Number(reverse) }),

  scan: lowerScan,
  output: ({ inputs: [scan], attributes: { index } }, _, { scans }) => scans.get(scan!)!.get(index)!,
};

/** |x| < ∞, which is false for NaN too. */
function finite(x: string, graph: GraphBuilder): string {
  return graph.node('Less', [graph.node('Abs', [x]), graph.constant('float', Number.POSITIVE_INFINITY)]);
}

/**
 * log(1+x) after Kahan: u = 1+x rounded, then log(u)·x/(u−1), in which the rounding of u cancels. x itself where u is 1,
 * which keeps −0 and what is too small to add to 1; log(u) where the quotient would be ∞/∞.
 */
function log1p(_: Expr, [x]: readonly string[], { graph }: { graph: GraphBuilder }): string {
  const one = graph.constant('float', 1);
  const u = graph.node('Add', [x!, one]);
  const log = graph.node('Log', [u]);
  const ratio = graph.node('Div', [x!, graph.node('Sub', [u, one])]);
  const infinite = graph.node('Equal', [u, graph.constant('float', Number.POSITIVE_INFINITY)]);
  const corrected = graph.node('Mul', [log, graph.node('Where', [infinite, one, ratio])]);
  return graph.node('Where', [graph.node('Equal', [u, one]), x!, corrected]);
}

/**
 * exp(x) − 1 after Kahan: u = exp(x) rounded, then (u−1)·x/log(u). x itself where u is 1; plainly u−1 beyond |x| = 40,
 * where it is exact to the last place and the quotient would be ∞/∞.
 */
function expm1(_: Expr, [x]: readonly string[], { graph }: { graph: GraphBuilder }): string {
  const one = graph.constant('float', 1);
  const u = graph.node('Exp', [x!]);
  const difference = graph.node('Sub', [u, one]);
  const corrected = graph.node('Mul', [difference, graph.node('Div', [x!, graph.node('Log', [u])])]);
  const far = graph.node('Less', [graph.constant('float', 40), graph.node('Abs', [x!])]);
  const accurate = graph.node('Where', [graph.node('Equal', [u, one]), x!, corrected]);
  return graph.node('Where', [far, difference, accurate]);
}

function reduce(op: string, x: string, axes: readonly number[], keepDims: boolean, graph: GraphBuilder): string {
  // Without axes ONNX would reduce all.
  return axes.length === 0 ? x : graph.node(op, [x, graph.constant('int', axes)], { keepdims: Number(keepDims) });
}

/** ReduceMax loses a NaN, depending on where it stands. A sum of numbers in [−1, 1] is NaN only if one of them is. */
function max(
  { attributes: { axes, keepDims }, inputs: [operand] }: Expr<'max'>,
  [x]: readonly string[],
  { graph }: Scope,
): string {
  const largest = reduce('ReduceMax', x!, axes, keepDims, graph);
  if (operand!.op === 'cast' || axes.length === 0) return largest;
  const bounded = graph.node('Clip', [x!, graph.constant('float', -1), graph.constant('float', 1)]);
  const total = reduce('ReduceSum', bounded, axes, keepDims, graph);
  return graph.node('Where', [graph.node('IsNaN', [total]), total, largest]);
}

/** Ascending and stable, NaN last: TopK of all, which breaks ties by position, but for which NaN has no place. */
function argsort(
  { attributes: { axis }, shape, type }: Expr<'argsort'>,
  [x]: readonly string[],
  { graph }: Scope,
): string {
  const nan = graph.node('IsNaN', [x!]);
  const keys = graph.node('Where', [nan, graph.constant('float', Number.POSITIVE_INFINITY), x!]);
  const [order] = unlessEmpty(graph, productOfDims(shape), [type], (branch) => {
    const inputs = [keys, graph.shape([shape[axis]!])];
    return branch.nodeOf('TopK', inputs, 2, { axis, largest: 0, sorted: 1 }).slice(1);
  });
  // NaN now stands among the +∞ at the end, by position: a stable partition puts it behind them.
  const at = graph.constant('int', axis);
  const int = (bools: string) => graph.node('Cast', [bools], { to: elementTypes.int64 });
  const isLast = graph.node('GatherElements', [nan, order!], { axis });
  const [last, first] = [int(isLast), int(graph.node('Not', [isLast]))];
  const before = (counts: string) => graph.node('CumSum', [counts, at], { exclusive: 1 });
  const behind = graph.node('Add', [reduce('ReduceSum', first, [axis], true, graph), before(last)]);
  const position = graph.node('Where', [isLast, behind, before(first)]);
  return graph.node('ScatterElements', [order!, position, order!], { axis });
}

/** Axes of size 1 that go from, and come into, a shape, if the reshape does nothing else. */
function onesMoved(from: readonly Dim[], to: readonly Dim[]): [removed: number[], inserted: number[]] | [undefined?] {
  const [removed, inserted]: [number[], number[]] = [[], []];
  let k = 0;
  for (let axis = 0; axis < from.length || k < to.length; ) {
    if (axis < from.length && from[axis] === to[k]) {
      axis++;
      k++;
    } else if (from[axis] === 1) removed.push(axis++);
    else if (to[k] === 1) inserted.push(k++);
    else return [];
  }
  return [removed, inserted];
}

/**
 * ONNX Scan. The invariants, like sizes and constants, are values of the graph around the body. Only what is asked for is
 * stacked over time, and only sequences that this needs are sliced. ONNX Runtime refuses a Scan of no steps, which stands
 * in an If therefore.
 */
function lowerScan(node: Expr<'scan'>, inputs: readonly string[], { graph, outputs, scans }: Scope): string {
  const { body, reverse } = node.attributes;
  const n = body.carries;
  const asked = [...(outputs.get(node as Expr) ?? [])].filter((index) => index >= n).sort((a, b) => a - b);
  const needed = [
    ...body.outputs.slice(0, n),
    ...asked.map((index) => (index < 2 * n ? body.inputs[index - n]! : body.outputs[index - n]!)),
  ];
  const [init, sequences, invariants] = splitScan(body, inputs);
  const [carryInputs, sliceInputs, invariantInputs] = splitScan(body, body.inputs);
  const used = new Set(topological(needed));
  const read = sliceInputs.flatMap((slice, k) => (used.has(slice) ? [k] : []));
  if (read.length === 0) read.push(0); // its length is the number of steps

  const steps = node.inputs[n]!.shape[0]!;
  const types = needed.map(({ type: { dtype, shape } }, k) => ({ dtype, shape: k < n ? shape : [steps, ...shape] }));
  const names = unlessEmpty(
    graph,
    steps,
    types,
    (branch) => {
      const step = branch.body();
      const argument = (input: Expr) => [input, step.argument(input.type)] as const;
      const given = new Map([
        ...carryInputs.map(argument),
        ...read.map((k) => argument(sliceInputs[k]!)),
        ...invariantInputs.map((input, k) => [input, invariants[k]!] as const),
      ]);
      const { values } = write(needed, step, given);
      const results = step.results(
        needed.map((x) => values.get(x)!),
        needed.map((x) => x.type),
      );
      const directions = { scan_input_directions: read.map(() => 1), scan_output_directions: asked.map(() => 1) };
      return branch.nodeOf('Scan', [...init, ...read.map((k) => sequences[k]!)], needed.length, {
        body: step.finish('step', results),
        num_scan_inputs: read.length,
        ...(reverse ? directions : {}),
      });
    },
    init,
  );
  const carried = names.slice(0, n).entries();
  scans.set(node as Expr, new Map([...carried, ...asked.map((index, k) => [index, names[n + k]!] as const)]));
  return names[0]!;
}

/**
 * What `write` writes, where ONNX Runtime does not take a size of 0 (Scan fails, TopK ends the process): for that there is
 * a branch, which gives `init` for the first results and nothing, in the right shape, for the others.
 */
function unlessEmpty(
  graph: GraphBuilder,
  size: Dim,
  types: readonly TensorType[],
  write: (branch: GraphBuilder) => string[],
  init: readonly string[] = [],
): string[] {
  if (typeof size === 'number' && size > 0) return write(graph);
  const branch = (name: string, values: (branch: GraphBuilder) => string[]) => {
    const body = graph.body();
    return body.finish(name, body.results(values(body), types));
  };
  const branches = {
    then_branch: branch('none', (none) =>
      types.map(
        ({ dtype, shape }, k) => init[k] ?? none.node('Expand', [graph.constant(dtype, 0), graph.shape(shape)]),
      ),
    ),
    else_branch: branch('some', write),
  };
  const isEmpty = graph.node('Equal', [graph.size(size), graph.constant('int', 0)]);
  return graph.nodeOf('If', [isEmpty], types.length, branches);
}

/** Writes what `outputs` need, in topological order; `given` are the leaves that have a name already. */
function write(outputs: readonly Expr[], graph: GraphBuilder, given: ReadonlyMap<Expr, string>): Scope {
  const order = topological(outputs);
  const asked = new Map<Expr, Set<number>>();
  for (const node of order)
    if (isOp(node, 'output')) {
      const scan = node.inputs[0]!;
      asked.set(scan, (asked.get(scan) ?? new Set()).add(node.attributes.index));
    }
  const scope: Scope = { graph, values: new Map(given), scans: new Map(), outputs: asked };
  for (const node of order) {
    if (scope.values.has(node)) continue;
    const inputs = node.inputs.map((input) => scope.values.get(input)!);
    const lower = lowerings[node.op as Primitive] as Lower<Primitive>;
    scope.values.set(node, lower(node as Expr<Primitive>, inputs, scope));
  }
  return scope;
}

/** How a program becomes a graph. */
export interface GraphOptions {
  readonly float: FloatType;
  /** Element type of the inputs that hold labels and lengths. */
  readonly labels: 'int32' | 'int64';
}

/** A program of primitives as an ONNX graph with the outputs `value` and `d_<input>` for each gradient. */
export function lowerProgram(program: Program, { float, labels }: GraphOptions): GraphProto {
  const names = ['value', ...Object.keys(program.gradients).map((name) => `d_${name}`)];
  const graph = GraphBuilder.root(float, [...program.inputs.map(({ name }) => name), ...names]);
  const types: Record<DType, ElementType> = { float, int: labels, bool: 'bool' };
  for (const { name, type } of program.inputs) graph.input(name, types[type.dtype], type.shape);
  const outputs = outputsOf(program);
  const given = topological(outputs).flatMap((node) => {
    if (!isOp(node, 'input')) return [];
    const { name, type } = node.attributes;
    const narrow = type.dtype === 'int' && labels === 'int32';
    return [[node as Expr, narrow ? graph.node('Cast', [name], { to: elementTypes.int64 }) : name] as const];
  });
  const { values } = write(outputs, graph, new Map(given));
  outputs.forEach((output, k) => {
    graph.output(names[k]!, values.get(output)!);
  });
  return graph.finish(
    program.loss.id,
    outputs.map(({ type, shape }, k) => ({ name: names[k]!, type: graph.elementType(type.dtype), dims: shape })),
  );
}
