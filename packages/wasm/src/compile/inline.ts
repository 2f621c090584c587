import { addDims, type Dim, type Expr, isOp, mulDims, productOfDims } from '@isoloss/core';
import {
  type Buffer,
  type Coordinate,
  isElementwise,
  type Lane,
  type LaneBuilder,
  type LaneOp,
  type Term,
} from './ir.ts';
import { isShifted } from './rewrite.ts';

export const origin: Coordinate = { kind: 'affine', variable: null, reversed: false, offset: 0 };
export const along = (variable: number): Coordinate => ({ kind: 'affine', variable, reversed: false, offset: 0 });

/** Row-major distances between neighbours, in elements. */
export function stridesOf(shape: readonly Dim[]): Dim[] {
  return shape.map((_, axis) => productOfDims(shape.slice(axis + 1)));
}

/** Coordinates of the axes of `shape` that aren't 1: what a change by axes of size 1 leaves as they are. */
const proper = (shape: readonly Dim[]): number[] => shape.flatMap((dim, axis) => (dim === 1 ? [] : [axis]));

/** Whether two shapes differ by axes of size 1 only. */
export function sameButOnes(a: readonly Dim[], b: readonly Dim[]): boolean {
  const [p, q] = [proper(a), proper(b)];
  return p.length === q.length && p.every((axis, k) => a[axis] === b[q[k]!]);
}

/** Writes a node at a place: follows views and elementwise operations down to what lies in memory. */
export class Inliner {
  readonly lanes: LaneBuilder;
  private readonly bufferOf: (node: Expr) => Buffer | undefined;
  private readonly memo = new Map<string, Lane>();

  constructor(lanes: LaneBuilder, bufferOf: (node: Expr) => Buffer | undefined) {
    this.lanes = lanes;
    this.bufferOf = bufferOf;
  }

  /** The value of `node` at `at`, one coordinate an axis. `own`: computes it even if it has a buffer. */
  at(node: Expr, at: readonly Coordinate[], own = false): Lane {
    const buffer = own ? undefined : this.bufferOf(node);
    if (buffer !== undefined) return this.load(buffer, node.shape, at, false);
    const key = `${node.id} ${JSON.stringify(at, (name, value) => (name === 'index' ? (value as Lane).id : value))}`;
    let lane = this.memo.get(key);
    if (lane === undefined) {
      lane = this.compute(node, at);
      this.memo.set(key, lane);
    }
    return lane;
  }

  private load(buffer: Buffer, shape: readonly Dim[], at: readonly Coordinate[], whole: boolean): Lane {
    const strides = stridesOf(shape);
    const terms: Term[] = at.flatMap((coordinate, axis) =>
      shape[axis] === 1 ? [] : [{ at: coordinate, stride: strides[axis]! }],
    );
    return this.lanes.load(buffer, terms, whole);
  }

  private compute(node: Expr, at: readonly Coordinate[]): Lane {
    const { lanes } = this;
    const { type } = node;
    const operand = (k = 0, coordinates = at) => this.at(node.inputs[k]!, broadcastTo(node.inputs[k]!, coordinates));
    if (isElementwise(node))
      return lanes.op(
        special(node),
        type.dtype,
        node.inputs.map((_, k) => operand(k)),
        node.attributes,
      );
    if (isOp(node, 'constant')) return lanes.constant(node.attributes.value, type.dtype);
    if (isOp(node, 'size')) return lanes.size(node.attributes.dim);
    if (isOp(node, 'iota')) return lanes.position(at[0]!);
    if (isOp(node, 'stopGradient')) return operand();
    if (isOp(node, 'broadcastTo')) return operand();
    if (isOp(node, 'transpose')) {
      const { permutation } = node.attributes;
      const moved = new Array<Coordinate>(at.length);
      for (const [axis, from] of permutation.entries()) moved[from] = at[axis]!;
      return operand(0, moved);
    }
    if (isOp(node, 'slice')) {
      const { axis, start } = node.attributes;
      return operand(0, at.with(axis, this.shifted(at[axis]!, start)));
    }
    if (isOp(node, 'reverse')) {
      const { axis } = node.attributes;
      return operand(0, at.with(axis, this.mirrored(at[axis]!, node.shape[axis]!)));
    }
    if (isOp(node, 'reshape')) return this.reshaped(node, at);
    if (isOp(node, 'gather')) {
      const { axis } = node.attributes;
      const index = operand(1);
      return operand(0, at.with(axis, this.indirect(index, node.inputs[0]!.shape[axis]!)));
    }
    if (isOp(node, 'concat')) return this.joined(node, at);
    throw new Error(`${node.op} needs a buffer`);
  }

  private indirect(index: Lane, size: Dim): Coordinate {
    if (index.kind === 'position') return index.at;
    if (index.kind === 'constant') return { ...origin, offset: index.value } as Coordinate;
    if (index.kind === 'size') return { ...origin, offset: index.dim } as Coordinate;
    return { kind: 'indirect', index, size };
  }

  shifted(at: Coordinate, by: Dim): Coordinate {
    if (by === 0) return at;
    if (at.kind === 'affine') return { ...at, offset: addDims(at.offset, by) };
    return this.indirect(this.lanes.op('add', 'int', [at.index, this.lanes.size(by)]), addDims(at.size, by));
  }

  private mirrored(at: Coordinate, size: Dim): Coordinate {
    const last = addDims(size, -1);
    if (at.kind === 'affine')
      return {
        ...at,
        reversed: at.variable !== null && !at.reversed,
        offset: addDims(last, mulDims(at.offset, -1)),
      };
    return this.indirect(this.lanes.op('sub', 'int', [this.lanes.size(last), at.index]), size);
  }

  private reshaped(node: Expr<'reshape'>, at: readonly Coordinate[]): Lane {
    const [x] = node.inputs;
    if (sameButOnes(x!.shape, node.shape)) {
      const kept = proper(node.shape).map((axis) => at[axis]!);
      let next = 0;
      return this.at(
        x!,
        x!.shape.map((dim) => (dim === 1 ? origin : kept[next++]!)),
      );
    }
    // Another cut into axes: the buffer is row-major, so it can be read as if it had the new shape.
    const buffer = this.bufferOf(x!);
    if (buffer === undefined) throw new Error('a reshape that cuts axes otherwise needs a buffer');
    return this.load(buffer, node.shape, at, true);
  }

  /** A concatenation with values that don't vary along its axis: a choice by the position. */
  private joined(node: Expr<'concat'>, at: readonly Coordinate[]): Lane {
    const { axis } = node.attributes;
    const { lanes } = this;
    const position = lanes.position(at[axis]!);
    let start: Dim = 0;
    const parts = node.inputs.map((input) => {
      const from = start;
      start = addDims(start, input.shape[axis]!);
      const inside = at.with(axis, this.shifted(at[axis]!, mulDims(from, -1)));
      return { end: start, value: this.at(input, broadcastTo(input, inside)) };
    });
    return parts
      .slice(0, -1)
      .reduceRight(
        (rest, { end, value }) =>
          lanes.op('where', node.type.dtype, [lanes.op('less', 'bool', [position, lanes.size(end)]), value, rest]),
        parts.at(-1)!.value,
      );
  }
}

/** The kernel of an operation, where what is known of its operand allows a cheaper one. */
function special(node: Expr): LaneOp {
  const [x] = node.inputs;
  if (node.op === 'exp' && (isMinusAbs(x!) || isShifted(x!))) return 'expDecay';
  if (node.op === 'log1p' && x!.op === 'exp' && isMinusAbs(x!.inputs[0]!)) return 'log1pUnit';
  return node.op as LaneOp;
}

const isMinusAbs = (x: Expr): boolean => x.op === 'neg' && x.inputs[0]!.op === 'abs';

/** Coordinates of an operand that broadcasts, right-aligned. */
function broadcastTo(operand: Expr, at: readonly Coordinate[]): Coordinate[] {
  const missing = at.length - operand.rank;
  return operand.shape.map((dim, axis) => (dim === 1 ? origin : at[axis + missing]!));
}

/**
 * Whether a concatenation can be written as a choice between one value and constants beside it. The value is then read
 * outside of itself, so that must be by few elements, and along the innermost axis.
 */
export function fills(node: Expr<'concat'>, isConstant: (x: Expr) => boolean): boolean {
  const { axis } = node.attributes;
  if (node.shape.slice(axis + 1).some((dim) => dim !== 1)) return false;
  const loaded = node.inputs.filter((input) => !isConstant(input));
  const others = node.inputs.filter(isConstant);
  return loaded.length <= 1 && others.every((input) => typeof input.shape[axis] === 'number' && input.shape[axis] <= 4);
}
