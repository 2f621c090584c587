import {
  addDims,
  type Dim,
  type Expr,
  isOp,
  mulDims,
  type Op,
  type Primitive,
  splitScan,
  topological,
} from '@isoloss/core';
import { atan } from './atan.ts';
import type { Attributes, GraphBuilder } from './builder.ts';
import * as composed from './composed.ts';
import { elementTypes } from './proto.ts';
import { cos, sin } from './turn.ts';

type Override = 'softplus' | 'logAddExp' | 'logSumExp' | 'logSoftmax';

/** Writes an operation as ONNX nodes and gives the name of its value. */
type Lower<K extends Op> = (node: Expr<K>, inputs: readonly string[], scope: Scope) => string;

/** One graph being written: the outermost one, or the body of a scan. */
interface Scope {
  readonly graph: GraphBuilder;
  readonly values: Map<Expr, string>;
  /** What each scan gives, by index; only indices that some `output` node asks for are there. */
  readonly scans: Map<Expr, ReadonlyMap<number, string>>;
  readonly outputs: ReadonlyMap<Expr, ReadonlySet<number>>;
  /** What is gathered by, along which axis. */
  readonly picked: ReadonlySet<string>;
}

const op =
  (name: string, attributes?: Attributes): Lower<Primitive> =>
  (_, inputs, { graph }) =>
    graph.node(name, inputs, attributes);

const pass: Lower<Primitive> = (_, [x]) => x!;

/** Every primitive in ONNX, opset 18, of operations that ONNX Runtime has for float32 and float64 alike. */
const lowerings: { readonly [K in Primitive]: Lower<K> } = {
  input: ({ attributes: { name } }) => {
    throw new Error(`the input ${name} is not one of the program`);
  },
  constant: ({ attributes: { value, dtype } }, _, { graph }) => graph.constant(dtype, value),
  size: ({ attributes: { dim } }, _, { graph }) => graph.size(dim),
  iota: ({ attributes: { dim } }, _, { graph }) => graph.range(dim),

  add: op('Add'),
  sub: op('Sub'),
  mul: lowerMul,
  div: op('Div'),
  minimum: op('Min'),
  maximum: op('Max'),
  neg: (node, [x], scope) => lowerShare(node, scope) ?? scope.graph.node('Neg', [x!]),
  abs: op('Abs'),
  sign: (_, [x], { graph }) => composed.sign(graph, x!),
  sqrt: op('Sqrt'),
  exp: (node, [x], scope) => lowerShare(node, scope) ?? scope.graph.node('Exp', [x!]),
  expm1: (_, [x], { graph }) => composed.expm1(graph, x!),
  log: op('Log'),
  log1p: (_, [x], { graph }) => composed.log1p(graph, x!),
  relu: op('Relu'),
  sin: (_, [x], { graph }) => sin(x!, graph),
  cos: (_, [x], { graph }) => cos(x!, graph),
  atan: (_, [x], { graph }) => atan(x!, graph),
  pow: ({ attributes: { exponent } }, [x], { graph }) => graph.node('Pow', [x!, graph.constant('float', exponent)]),

  equal: op('Equal'),
  less: op('Less'),
  lessEqual: op('LessOrEqual'),
  isNaN: op('IsNaN'),
  isFinite: (_, [x], { graph }) => composed.finite(graph, x!),
  and: op('And'),
  or: op('Or'),
  not: op('Not'),
  where: lowerWhere,
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
  transpose: ({ attributes: { permutation } }, [x], { graph }) => composed.transpose(graph, x!, permutation),
  slice: ({ inputs: [x], attributes: { axis, start, end }, shape }, [value], { graph, values }) => {
    const padded = paddingOf(x!, axis, start, shape[axis]!);
    if (padded === undefined)
      return graph.node('Slice', [value!, graph.shape([start]), graph.shape([end]), graph.constant('int', [axis])]);
    const { source, before, after, fill } = padded;
    const along = (pad: number) => shape.map((_, k) => (k === axis ? pad : 0));
    const pads = graph.constant('int', [...along(before), ...along(after)]);
    return graph.node('Pad', [values.get(source)!, pads, graph.constant(x!.type.dtype, fill)]);
  },
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

  sum: ({ inputs: [of], attributes: { axes, keepDims } }, [x], { graph, values }) => {
    const [a, b] = of!.inputs;
    const isAll = axes.length > 0 && axes.length === of!.rank;
    // One operation, which needs no memory for its terms; along some of the axes it would be slow.
    if (isAll && of!.op === 'abs') return composed.reduce(graph, 'ReduceL1', values.get(a!)!, axes, keepDims);
    if (isAll && of!.op === 'mul' && a === b)
      return composed.reduce(graph, 'ReduceSumSquare', values.get(a!)!, axes, keepDims);
    return composed.reduce(graph, 'ReduceSum', x!, axes, keepDims);
  },
  max: ({ attributes: { axes, keepDims }, inputs: [of] }, [x], { graph }) =>
    // What was a bool is not NaN.
    of!.op === 'cast'
      ? composed.reduce(graph, 'ReduceMax', x!, axes, keepDims)
      : composed.max(graph, x!, axes, keepDims),
  // ONNX Runtime fuses MatMul with a constant factor beside it, which it rounds to float32 also in a float64 model.
  matmul: ({ rank }, inputs, { graph }) =>
    graph.node(rank === 2 && graph.elementType('float') === 'float64' ? 'Gemm' : 'MatMul', inputs),

  gather: (node, [x, at], { graph, values }) => {
    const [, index] = node.inputs;
    const { axis } = node.attributes;
    const [of] = node.inputs;
    if (isOp(of!, 'logSoftmax') && of.attributes.axis === axis && index!.shape[axis] === 1) {
      // One entry of each line: the others need no logarithm.
      const { shifted, log } = composed.logSumExpParts(graph, values.get(of.inputs[0]!)!, axis);
      return graph.node('Sub', [graph.node('GatherElements', [shifted, at!], { axis }), log]);
    }
    const rows = repeatedIndex(index!, axis);
    if (rows === undefined || rows.repeated.length !== index!.rank - 1)
      return graph.node('GatherElements', [x!, at!], { axis });
    // The same positions on every line: whole rows.
    const position = graph.node('Squeeze', [values.get(rows.index)!, graph.constant('int', rows.repeated)]);
    return graph.node('Gather', [x!, position], { axis });
  },
  scatterAdd: ({ shape, inputs: [, index], attributes: { axis } }, [x, at], { graph, values }) => {
    const runs = repeatedIndex(index!, axis);
    if (runs !== undefined) {
      const source = { x: x!, index: values.get(runs.index)!, indexShape: runs.index.shape };
      return composed.scatterRuns(graph, source, { axis, repeated: runs.repeated, shape });
    }
    const zeros = graph.node('Expand', [graph.constant('float', 0), graph.shape(shape)]);
    return graph.scatterAdd('ScatterElements', [zeros, at!, x!], { axis });
  },
  argsort: ({ attributes: { axis }, type }, [x], { graph }) => composed.argsort(graph, x!, axis, type),
  cumsum: ({ attributes: { axis, exclusive, reverse } }, [x], { graph }) =>
    graph.node('CumSum', [x!, graph.constant('int', axis)], { exclusive: Number(exclusive), reverse: Number(reverse) }),

  scan: lowerScan,
  output: ({ inputs: [scan], attributes: { index } }, _, { scans }) => scans.get(scan!)!.get(index)!,
};

/**
 * Stable operations that are not opened up, since ONNX Runtime does them with less than their body asks for; the
 * same operations, without guards that are not needed there.
 */
export const overrides: { readonly [K in Override]: Lower<K> } = {
  softplus: (_, [x], { graph }) => {
    const small = graph.node('Exp', [graph.node('Neg', [graph.node('Abs', [x!])])]);
    return graph.node('Add', [graph.node('Relu', [x!]), composed.log1p(graph, small, true)]);
  },
  logAddExp: (_, operands, { graph }) => composed.logAddExp(graph, operands),
  logSumExp: ({ attributes: { axis } }, [x], { graph }) => {
    const { shift, log } = composed.logSumExpParts(graph, x!, axis);
    return graph.node('Add', [log, shift]);
  },
  logSoftmax: ({ attributes: { axis } }, [x], { graph }) => {
    const { shifted, log } = composed.logSumExpParts(graph, x!, axis);
    return graph.node('Sub', [shifted, log]);
  },
};

/** What {@link lowered} is to leave for {@link overrides}. */
export const kept: ReadonlySet<Op> = new Set(Object.keys(overrides) as Override[]);

/** An index as it was before it was repeated along some axes, of which the axis that it counts along is not one. */
function repeatedIndex(index: Expr, axis: number): { index: Expr; repeated: number[] } | undefined {
  const [small] = index.inputs;
  if (index.op !== 'broadcastTo' || small!.rank !== index.rank) return undefined;
  const repeated = index.shape.flatMap((dim, k) => (small!.shape[k] !== dim ? [k] : []));
  return repeated.length === 0 || repeated.includes(axis) ? undefined : { index: small!, repeated };
}

/**
 * Where; but `iota = label ? a : b`, which changes one element of each line, by ScatterElements, which copies b and sets
 * these. Only for labels that something gathers by along that axis anyway: they are legal then.
 */
function lowerWhere(node: Expr<'where'>, inputs: readonly string[], { graph, values, picked }: Scope): string {
  const [condition, a, b] = node.inputs;
  // The mark of what is illegal, 1/1 or 0/0: faster than Where.
  const [whenTrue, whenFalse] = [a!, b!].map((x) => (isOp(x, 'constant') ? x.attributes.value : undefined));
  if ((whenTrue === 1 && Number.isNaN(whenFalse)) || (Number.isNaN(whenTrue) && whenFalse === 1)) {
    const legal = whenTrue === 1 ? inputs[0]! : graph.node('Not', [inputs[0]!]);
    const one = graph.node('Cast', [legal], { to: elementTypes[graph.elementType('float')] });
    return graph.node('Div', [one, one]);
  }
  const compared = condition!.op === 'equal' ? condition!.inputs : [];
  for (const [counter, label] of [compared, compared.toReversed()]) {
    const source = counter?.op === 'reshape' ? counter.inputs[0]! : counter;
    if (source?.op !== 'iota' || label?.rank !== node.rank || counter!.rank !== node.rank) continue;
    const axis = counter!.shape.findIndex((dim) => dim !== 1);
    const line = node.shape.map((dim, k) => (k === axis ? 1 : dim)).join();
    const fits = a!.shape.join() === line && label.shape.join() === line && b!.shape.join() === node.shape.join();
    if (axis >= 0 && fits && picked.has(pickKey(label, axis, node.shape[axis]!)))
      return graph.node('ScatterElements', [inputs[2]!, values.get(label)!, inputs[1]!], { axis });
  }
  return graph.node('Where', inputs);
}

/** A share of a softmax, exp(log p), or 1 − p as −expm1(log p), out of what log p was made of; `factor` stands beside it. */
function lowerShare(node: Expr, { graph, values }: Scope, factor?: string): string | undefined {
  const complement = node.op === 'neg' && node.inputs[0]!.op === 'expm1';
  const [logShare] = complement ? node.inputs[0]!.inputs : node.op === 'exp' ? node.inputs : [];
  if (logShare === undefined || !isOp(logShare, 'logSoftmax')) return undefined;
  return composed.share(graph, values.get(logShare.inputs[0]!)!, logShare.attributes.axis, { complement, factor });
}

/** A product; one factor for each line of a softmax is multiplied with the line's own first. */
function lowerMul(node: Expr<'mul'>, inputs: readonly string[], scope: Scope): string {
  for (const [k, x] of node.inputs.entries()) {
    const factor = node.inputs[1 - k]!;
    const source = x.op === 'neg' ? x.inputs[0]!.inputs[0] : x.inputs[0];
    const fits = source && isOp(source, 'logSoftmax') && factor.rank === x.rank;
    if (!fits || factor.shape[source.attributes.axis] !== 1) continue;
    const scaled = lowerShare(x, scope, inputs[1 - k]!);
    if (scaled !== undefined) return scaled;
  }
  return scope.graph.node('Mul', inputs);
}

/** A slice of one value between blocks of one constant is a Pad, which may be negative on one side: a shift. */
function paddingOf(
  joined: Expr,
  axis: number,
  start: Dim,
  length: Dim,
): { source: Expr; before: number; after: number; fill: number } | undefined {
  if (!isOp(joined, 'concat') || joined.attributes.axis !== axis) return undefined;
  const bare = (x: Expr): Expr => (x.op === 'broadcastTo' ? bare(x.inputs[0]!) : x);
  const blocks = joined.inputs.map(bare);
  const fills = new Set(blocks.flatMap((x) => (isOp(x, 'constant') ? [x.attributes.value] : [])));
  const at = blocks.findIndex((x) => !isOp(x, 'constant'));
  if (at < 0 || fills.size !== 1 || blocks.some((x, k) => k !== at && !isOp(x, 'constant'))) return undefined;
  const source = joined.inputs[at]!;
  const front = joined.inputs.slice(0, at).map((part) => part.shape[axis]!);
  const before = addDims(front.reduce(addDims, 0), mulDims(-1, start));
  const after = addDims(length, mulDims(-1, addDims(before, source.shape[axis]!)));
  if (typeof before !== 'number' || typeof after !== 'number') return undefined;
  return { source, before, after, fill: [...fills][0]! };
}

const pickKey = (index: Expr, axis: number, size: Dim): string => `${index.id} ${axis} ${size}`;

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
  const names = composed.unlessEmpty(
    graph,
    [steps],
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

/** Writes what `outputs` need, in topological order; `given` are the leaves that have a name already. */
export function write(outputs: readonly Expr[], graph: GraphBuilder, given: ReadonlyMap<Expr, string>): Scope {
  const order = topological(outputs);
  const asked = new Map<Expr, Set<number>>();
  for (const node of order)
    if (isOp(node, 'output')) {
      const scan = node.inputs[0]!;
      asked.set(scan, (asked.get(scan) ?? new Set()).add(node.attributes.index));
    }
  const picks = order.filter((node) => isOp(node, 'gather')).map((node) => node as Expr<'gather'>);
  const picked = new Set(
    picks.map(({ inputs: [x, index], attributes: { axis } }) => pickKey(index!, axis, x!.shape[axis]!)),
  );
  const scope: Scope = { graph, values: new Map(given), scans: new Map(), outputs: asked, picked };
  for (const node of order) {
    if (scope.values.has(node)) continue;
    const inputs = node.inputs.map((input) => scope.values.get(input)!);
    const lower = { ...lowerings, ...overrides }[node.op as Primitive] as Lower<Op>;
    scope.values.set(node, lower(node, inputs, scope));
  }
  return scope;
}
