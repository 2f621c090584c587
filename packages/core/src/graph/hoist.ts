import type { Attributes, Op } from '../ops/attributes.ts';
import { split } from '../ops/scan.ts';
import type { Dim } from './dim.ts';
import { type Expr, make } from './expr.ts';
import { isOp, rebuild, topological } from './graph.ts';
import type { TensorType } from './type.ts';

/**
 * Takes out of every scan what doesn't depend on its carries: what depends on invariants alone is computed once before
 * it, what depends on sequences is computed for all steps at once. The derivative of a scan is mostly that: it recomputes
 * the forward step from the history of carries. Every element goes through the same operations, so the numbers stay the
 * same to the bit.
 */
export function hoist(outputs: readonly Expr[]): Expr[] {
  return rebuild(outputs, (node, inputs) =>
    isOp(node, 'scan')
      ? hoistScan(make('scan', inputs, node.attributes) as Expr<'scan'>)
      : (make(node.op, inputs, node.attributes as never) as Expr),
  );
}

/** Not worth a move by themselves: they compute nothing, and repeat what they are given. */
const free: ReadonlySet<Op> = new Set<Op>(['input', 'constant', 'size', 'iota', 'reshape', 'broadcastTo', 'slice']);

/** A value outside: for one step the same as for all, or with time as its first axis. */
interface Moved {
  readonly value: Expr;
  readonly overTime: boolean;
}

function hoistScan(node: Expr<'scan'>): Expr {
  const { body, reverse } = node.attributes;
  const [carries, slices, invariants] = split(body, body.inputs);
  const [init, sequences, given] = split(body, node.inputs);
  const steps = sequences[0]!.shape[0]!;
  const order = topological(body.outputs);

  const moved = new Map<Expr, Moved>();
  slices.forEach((slice, k) => {
    moved.set(slice, { value: sequences[k]!, overTime: true });
  });
  invariants.forEach((invariant, k) => {
    moved.set(invariant, { value: given[k]!, overTime: false });
  });
  for (const x of order) {
    if (moved.has(x) || x.op === 'input' || x.op === 'scan' || x.op === 'output') continue;
    const operands = x.inputs.map((input) => moved.get(input));
    if (operands.every((operand) => operand !== undefined) && movable(x, operands))
      moved.set(x, move(x, operands, steps));
  }

  // What the rest of the body reads of all that becomes a sequence or an invariant.
  const worth = new Set<Expr>();
  for (const x of order)
    if (x.op !== 'input' && (!free.has(x.op) || x.inputs.some((input) => worth.has(input)))) worth.add(x);
  const isEdge = (x: Expr): boolean => moved.has(x) && worth.has(x);
  const needed = new Set<Expr>();
  const visit = (x: Expr): void => {
    if (needed.has(x)) return;
    needed.add(x);
    if (!isEdge(x)) x.inputs.forEach(visit);
  };
  body.outputs.forEach(visit);
  const edge = order.filter((x) => needed.has(x) && isEdge(x));
  if (edge.length === 0) return node as Expr;

  const names = new Set(body.inputs.map((x) => (x as Expr<'input'>).attributes.name));
  const argument = (type: TensorType): Expr => {
    let k = 0;
    while (names.has(`moved${k}`)) k++;
    names.add(`moved${k}`);
    return make('input', [], { name: `moved${k}`, type }) as Expr;
  };
  const stand = new Map(edge.map((x) => [x, argument(x.type)]));
  const [newOutputs, used] = withStandIns(body.outputs, stand);
  const keep = <T>(list: readonly T[], of: readonly Expr[]): T[] => list.filter((_, k) => used.has(of[k]!));
  const [timed, fixed] = [true, false].map((overTime) => edge.filter((x) => moved.get(x)!.overTime === overTime));
  const all = <T>(own: readonly T[], of: readonly Expr[], more: readonly Expr[], as: (x: Expr) => T): T[] => [
    ...keep(own, of),
    ...more.map(as),
  ];
  const outside = (x: Expr): Expr => moved.get(x)!.value;
  const inside = (x: Expr): Expr => stand.get(x)!;
  const [newSlices, newSequences] = [all(slices, slices, timed!, inside), all(sequences, slices, timed!, outside)];
  if (newSlices.length === 0) {
    // The number of steps is the length of a sequence.
    newSlices.push(slices[0]!);
    newSequences.push(sequences[0]!);
  }
  const arguments_ = [...carries, ...newSlices, ...all(invariants, invariants, fixed!, inside)];
  const values = [...init, ...newSequences, ...all(given, invariants, fixed!, outside)];
  const newBody = { inputs: arguments_, outputs: newOutputs, carries: body.carries, sequences: newSlices.length };
  return make('scan', values, { body: newBody, reverse }) as Expr;
}

/** The body with some of its values given from outside, and the inputs that it still reads. */
function withStandIns(outputs: readonly Expr[], stand: ReadonlyMap<Expr, Expr>): [Expr[], Set<Expr>] {
  const replaced = rebuild(outputs, (x, inputs) => stand.get(x) ?? (make(x.op, inputs, x.attributes as never) as Expr));
  return [replaced, new Set(topological(replaced))];
}

/** A product of one side without leading axes has no place for time on that side alone. */
const movable = (node: Expr, operands: readonly (Moved | undefined)[]): boolean =>
  node.op !== 'matmul' ||
  node.inputs[0]!.rank === node.inputs[1]!.rank ||
  !operands.some((operand) => operand!.overTime);

/** A node of the body for all steps at once. */
function move(node: Expr, operands: readonly Moved[], steps: Dim): Moved {
  const values = operands.map(({ value }) => value);
  if (!operands.some(({ overTime }) => overTime))
    return { value: make(node.op, values, node.attributes as never) as Expr, overTime: false };
  const aligned = operands.map((operand, k) => align(operand, node, k, steps));
  const attributes = timed(node, steps);
  return { value: make(node.op, aligned, attributes as never) as Expr, overTime: true };
}

/** An operand with time in front of as many axes as the operation wants. */
function align({ value, overTime }: Moved, node: Expr, k: number, steps: Dim): Expr {
  const own = node.inputs[k]!.shape;
  switch (node.op) {
    case 'concat':
    case 'gather':
    case 'scatterAdd':
    case 'matmul':
      // All operands have the same axes, so each must have time.
      return overTime ? value : value.broadcastTo([steps, ...own]);
    case 'reshape':
    case 'transpose':
    case 'slice':
    case 'reverse':
    case 'sum':
    case 'max':
    case 'argsort':
    case 'cumsum':
      return value;
    default: {
      // Operands broadcast right-aligned: time goes in front of the axes that this one lacks.
      const missing = node.rank - own.length;
      return overTime && missing > 0 ? value.reshape([steps, ...Array<Dim>(missing).fill(1), ...own]) : value;
    }
  }
}

/** The attributes of an operation whose operands have time as an axis in front. */
function timed(node: Expr, steps: Dim): Attributes[Op] {
  const attributes = node.attributes as Record<string, unknown>;
  const shifted: Record<string, unknown> = { ...attributes };
  if ('axis' in attributes) shifted.axis = (attributes.axis as number) + 1;
  if ('axes' in attributes) shifted.axes = (attributes.axes as number[]).map((axis) => axis + 1);
  if ('permutation' in attributes)
    shifted.permutation = [0, ...(attributes.permutation as number[]).map((axis) => axis + 1)];
  if ('shape' in attributes) shifted.shape = [steps, ...(attributes.shape as Dim[])];
  return shifted as unknown as Attributes[Op];
}
