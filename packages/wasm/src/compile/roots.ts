import { addDims, type Dim, type DType, type Expr, isOp, topological } from '@isoloss/core';
import { along, fills, Inliner, origin, sameButOnes, stridesOf } from './inline.ts';
import { type Buffer, type Coordinate, costOf, isElementwise, type Lane, LaneBuilder, type Term } from './ir.ts';
import { constantOf } from './rewrite.ts';

/** A value that is computed by a loop nest of its own and kept. */
export interface Root {
  readonly id: number;
  /** Where its elements go. */
  readonly buffer: Buffer;
  /** The sizes of its loop variables, outermost first. */
  readonly domain: readonly Dim[];
  readonly value: Lane;
  /** Where an element goes, by the variables that are left. */
  readonly store: readonly Term[];
  readonly reduce?: { readonly op: 'sum' | 'max'; readonly variables: readonly number[] };
  /** Adds elements where an index says, instead of one place each. */
  readonly scatter?: boolean;
  /** Reduces tiles of its last variable, whose number is this size: entry k of the result's last axis is tile k. */
  readonly tiles?: string;
  /** Adds up tiles: not to be cut into tiles again. */
  readonly final?: boolean;
}

/** Work for a kernel that is written by hand, between fused loops. */
export type External =
  | {
      readonly kind: 'matmul';
      readonly node: Expr<'matmul'>;
      readonly a: Operand;
      readonly b: Operand;
      readonly result: Buffer;
    }
  | { readonly kind: 'argsort'; readonly node: Expr<'argsort'>; readonly input: Buffer; readonly result: Buffer }
  | { readonly kind: 'cumsum'; readonly node: Expr<'cumsum'>; readonly input: Buffer; readonly result: Buffer }
  | {
      readonly kind: 'scan';
      readonly node: Expr<'scan'>;
      readonly inputs: readonly Buffer[];
      /** By output index; those that nobody reads are missing. */
      readonly results: ReadonlyMap<number, Buffer>;
    };

interface Operand {
  readonly buffer: Buffer;
  readonly transposed: boolean;
}

export type Work = Root | External;
export const isRoot = (work: Work): work is Root => 'domain' in work;

export interface Graph {
  readonly lanes: LaneBuilder;
  readonly work: readonly Work[];
  readonly inputs: ReadonlyMap<string, Buffer>;
  readonly outputs: readonly Buffer[];
  buffer(name: string, dtype: DType, shape: readonly Dim[]): Buffer;
}

const externals = new Set(['matmul', 'argsort', 'cumsum', 'scan', 'output']);
const isReduction = (node: Expr): boolean => node.op === 'sum' || node.op === 'max';
/** Sizes other than a literal 1: what a value varies along. */
const extent = (node: Expr): Dim[] => node.shape.filter((dim) => dim !== 1);

/** Costs from which a value is kept rather than computed again: see {@link chooseBuffers}. */
const reuseCost = 12;
const broadcastCost = 4;
/** Lanes are read one by one. */
const gatherCost = 8;

/** Cuts a graph into what is computed by loops of its own, and what is computed on the way. */
export function cut(outputs: readonly Expr[]): Graph {
  const lanes = new LaneBuilder();
  let nextBuffer = 0;
  const newBuffer = (name: string, dtype: DType, shape: readonly Dim[]): Buffer => ({
    id: nextBuffer++,
    name,
    dtype,
    shape,
  });
  const order = topological(outputs);
  const chosen = chooseBuffers(order, outputs);
  const buffers = new Map<Expr, Buffer>();
  const inputs = new Map<string, Buffer>();
  const inliner = new Inliner(lanes, (node) => buffers.get(node));
  const work: Work[] = [];

  const scans = new Map<Expr, Map<number, Buffer>>();
  for (const node of order) {
    if (isOp(node, 'input')) {
      const { name } = node.attributes;
      const buffer = newBuffer(name, node.type.dtype, node.shape);
      inputs.set(name, buffer);
      buffers.set(node, buffer);
      continue;
    }
    if (isOp(node, 'scan')) {
      const results = new Map<number, Buffer>();
      scans.set(node, results);
      work.push({ kind: 'scan', node, inputs: node.inputs.map((input) => buffers.get(input)!), results });
      continue;
    }
    if (!chosen.has(node)) continue;
    const buffer = newBuffer(`${node.op}${nextBuffer}`, node.type.dtype, node.shape);
    if (isOp(node, 'output')) scans.get(node.inputs[0]!)!.set(node.attributes.index, buffer);
    else if (isOp(node, 'matmul')) {
      const [a, b] = node.inputs.map((input) => {
        const { source, transposed } = matrixOf(input);
        return { buffer: buffers.get(source)!, transposed };
      });
      work.push({ kind: 'matmul', node, a: a!, b: b!, result: buffer });
    } else if (isOp(node, 'argsort'))
      work.push({ kind: 'argsort', node, input: buffers.get(node.inputs[0]!)!, result: buffer });
    else if (isOp(node, 'cumsum'))
      work.push({ kind: 'cumsum', node, input: buffers.get(node.inputs[0]!)!, result: buffer });
    else work.push(...rootsOf(node, buffer, inliner, work.length));
    buffers.set(node, buffer);
  }
  return { lanes, work, inputs, outputs: outputs.map((output) => buffers.get(output)!), buffer: newBuffer };
}

/** The matrix that a product reads, and whether it reads it transposed. */
function matrixOf(node: Expr): { source: Expr; transposed: boolean } {
  if (isOp(node, 'transpose')) {
    const { permutation } = node.attributes;
    const n = permutation.length;
    const swaps = permutation.every((from, axis) => from === (axis === n - 1 ? n - 2 : axis === n - 2 ? n - 1 : axis));
    if (swaps) return { source: node.inputs[0]!, transposed: true };
  }
  return { source: node, transposed: false };
}

/** A concatenation that can be written as a choice between a value and constants beside it. */
const isFill = (node: Expr<'concat'>): boolean => fills(node, (x) => constantOf(x) !== undefined);

/** The nodes whose values are kept in memory. */
function chooseBuffers(order: readonly Expr[], outputs: readonly Expr[]): Set<Expr> {
  const chosen = new Set<Expr>(outputs);
  const isBuffer = (node: Expr) => chosen.has(node) || node.op === 'input';
  const cost = new Map<Expr, number>();
  const level = new Map<Expr, number>();
  for (const node of order) {
    for (const needed of neededBuffers(node)) if (needed.op !== 'input') chosen.add(needed);
  }
  // From the leaves: what is computed along fewer axes than it is used along, so that it isn't computed again for each.
  for (const node of order) {
    let total = isElementwise(node) ? costOf[node.op] : node.op === 'gather' ? gatherCost : 0;
    let depth = 0;
    for (const input of node.inputs) {
      const own = isBuffer(input) ? 0 : cost.get(input)!;
      const smaller = extent(input).length < extent(node).length && extent(input).length > 0;
      if (smaller && own >= broadcastCost && input.op !== 'broadcastTo') chosen.add(input);
      else if (extent(input).length === extent(node).length || isReduction(node)) total += own;
      depth = Math.max(depth, level.get(input)! + (isReduction(input) || externals.has(input.op) ? 1 : 0));
    }
    cost.set(node, Math.min(total, 1e6));
    level.set(node, depth);
  }
  for (const node of order) {
    if (!isOp(node, 'gather') || isBuffer(node.inputs[0]!)) continue;
    const [x, index] = node.inputs;
    if (index!.shape[node.attributes.axis] !== 1 && cost.get(x!)! >= reuseCost) chosen.add(x!);
  }
  // From the outputs: what several nests would compute.
  const nests = new Map<Expr, Set<string>>(order.map((node) => [node, new Set()]));
  for (const node of [...order].reverse()) {
    const users = nests.get(node)!;
    if (
      !isBuffer(node) &&
      users.size > 1 &&
      cost.get(node)! >= (node.type.dtype === 'bool' ? 2 : 1) * reuseCost &&
      isElementwise(node)
    )
      chosen.add(node);
    const own = chosen.has(node)
      ? new Set([`${level.get(node)} ${extent(isReduction(node) ? node.inputs[0]! : node).join()}`])
      : users;
    for (const input of node.inputs) for (const nest of own) nests.get(input)!.add(nest);
  }
  return chosen;
}

/** Nodes that must be in memory for this one. */
function neededBuffers(node: Expr): Expr[] {
  if (isOp(node, 'matmul')) return [node, ...node.inputs.map((input) => matrixOf(input).source)];
  if (isOp(node, 'scan')) return [...node.inputs];
  if (externals.has(node.op)) return isOp(node, 'output') ? [node] : [node, ...node.inputs];
  if (isReduction(node) || node.op === 'scatterAdd') return [node];
  if (isOp(node, 'concat')) return isFill(node) && node.inputs.every(readsPlainly) ? [] : [node];
  if (isOp(node, 'reshape') && !sameButOnes(node.inputs[0]!.shape, node.shape)) return [node.inputs[0]!];
  return [];
}

/** Whether a value can be read a little outside of itself: nothing on the way to what lies in memory goes by an index. */
function readsPlainly(node: Expr): boolean {
  if (node.op === 'input' || isReduction(node) || externals.has(node.op)) return true;
  return node.op !== 'gather' && node.op !== 'concat' && node.op !== 'scatterAdd' && node.inputs.every(readsPlainly);
}

function rootsOf(node: Expr, buffer: Buffer, inliner: Inliner, id: number): Root[] {
  if (isOp(node, 'concat')) {
    let start: Dim = 0;
    const { axis } = node.attributes;
    return node.inputs.map((input, k) => {
      const { domain, at } = variables(input.shape);
      const place = at.with(axis, inliner.shifted(at[axis]!, start));
      start = sum(start, input.shape[axis]!);
      return { id: id + k, buffer, domain, value: inliner.at(input, at), store: termsOf(node.shape, place) };
    });
  }
  if (isOp(node, 'scatterAdd')) {
    const [x, index] = node.inputs;
    const { domain, at } = variables(x!.shape);
    const place = at.with(node.attributes.axis, {
      kind: 'indirect',
      index: inliner.at(index!, at),
      size: node.attributes.size,
    });
    return [{ id, buffer, domain, value: inliner.at(x!, at), store: termsOf(node.shape, place), scatter: true }];
  }
  if (isOp(node, 'sum') || isOp(node, 'max')) {
    const [x] = node.inputs;
    const { domain, at } = variables(x!.shape);
    const { axes } = node.attributes;
    const reduced = axes.flatMap((axis) => {
      const place = at[axis]!;
      return place.kind === 'affine' && place.variable !== null ? [place.variable] : [];
    });
    const kept = at.filter((_, axis) => !axes.includes(axis));
    const keptShape = x!.shape.filter((_, axis) => !axes.includes(axis));
    return [
      {
        id,
        buffer,
        domain,
        value: inliner.at(x!, at),
        store: termsOf(keptShape, kept),
        reduce: { op: node.op, variables: reduced },
      },
    ];
  }
  const { domain, at } = variables(node.shape);
  return [{ id, buffer, domain, value: inliner.at(node, at, true), store: termsOf(node.shape, at) }];
}

const sum = (a: Dim, b: Dim): Dim => (a === 0 ? b : addDims(a, b));

/** A variable for each axis that isn't 1. */
function variables(shape: readonly Dim[]): { domain: Dim[]; at: Coordinate[] } {
  const domain: Dim[] = [];
  const at = shape.map((dim) => (dim === 1 ? origin : along(domain.push(dim) - 1)));
  return { domain, at };
}

function termsOf(shape: readonly Dim[], at: readonly Coordinate[]): Term[] {
  const strides = stridesOf(shape);
  return at.flatMap((coordinate, axis) => (shape[axis] === 1 ? [] : [{ at: coordinate, stride: strides[axis]! }]));
}
