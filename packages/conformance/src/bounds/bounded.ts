import { broadcastArray, type Expr, type NDArray, type Op, type Sizes, sizeOf } from '@isoloss/core';
import type { FloatFormat } from '../float.ts';

/**
 * A value of the graph with what a backend may make of it: any number from `data − down` to `data + up`.
 * Without `down` and `up` it is exact: every backend holds exactly `data`.
 * Infinite deviations mean that the element may have left the format's range.
 */
export interface Bounded extends NDArray {
  readonly down?: Float64Array | undefined;
  readonly up?: Float64Array | undefined;
  /** Booleans and integers: 1 where a backend may come out differently, since rounding decides. */
  readonly uncertain?: Uint8Array | undefined;
}

/** What a rule knows beside its operands. */
export interface BoundContext<K extends Op = Op> {
  readonly node: Expr<K>;
  readonly attributes: Expr<K>['attributes'];
  readonly shape: readonly number[];
  readonly sizes: Sizes;
  readonly format: FloatFormat;
  /** Largest relative error of an operation's own rounding, as this backend does it. */
  readonly rounding: (op: Op) => number;
  /** Sorts whose order rounding may change. */
  readonly ties: Ties;
  /** Bounds of a graph inside this one: a stable operation's body, a step of a scan. */
  evaluate(outputs: readonly Expr[], inputs: ReadonlyMap<string, Bounded>): Bounded[];
}

/**
 * Near-ties of a sort: a backend may order them either way, and what follows depends on the order as a whole, so it is
 * evaluated once more for each with that group turned round.
 */
export interface Ties {
  found: number;
  /** The group that is turned round in this evaluation; −1: none. */
  readonly turned: number;
}

export const isExact = (x: Bounded): boolean => x.up === undefined && x.uncertain === undefined;

/** `x` repeated to a shape. */
export function broadcastBounded(x: Bounded, shape: readonly number[]): Bounded {
  return moved(x, (array) => broadcastArray(array, shape));
}

/** The same movement of elements done to a value and to everything that is known of it. */
export function moved(x: Bounded, move: (array: NDArray) => NDArray): Bounded {
  const part = <D extends NDArray['data']>(data: D | undefined): D | undefined =>
    data && (move({ shape: x.shape, data }).data as D);
  return { ...move(x), down: part(x.down), up: part(x.up), uncertain: part(x.uncertain) };
}

/** One element: a value and its deviations. Rules write into one of these, so that no element allocates. */
export interface Cell {
  v: number;
  down: number;
  up: number;
}

export const cell = (): Cell => ({ v: 0, down: 0, up: 0 });

export const isExactCell = (x: Cell): boolean => x.down === 0 && x.up === 0;

/** A float result under construction; it stays without deviations as long as every element is exact. */
export class Builder {
  readonly data: Float64Array;
  private down: Float64Array | undefined;
  private up: Float64Array | undefined;
  private readonly shape: readonly number[];

  constructor(shape: readonly number[]) {
    this.shape = shape;
    this.data = new Float64Array(sizeOf(shape));
  }

  set(k: number, { v, down, up }: Cell): void {
    this.data[k] = v;
    if (down === 0 && up === 0) return;
    this.down ??= new Float64Array(this.data.length);
    this.up ??= new Float64Array(this.data.length);
    this.down[k] = down;
    this.up[k] = up;
  }

  done(): Bounded {
    return { shape: this.shape, data: this.data, down: this.down, up: this.up };
  }
}

export function read(x: Bounded, k: number, into: Cell): Cell {
  into.v = x.data[k]!;
  into.down = x.down === undefined ? 0 : x.down[k]!;
  into.up = x.up === undefined ? 0 : x.up[k]!;
  return into;
}

/**
 * Rounds a result: adds the error of the operation itself, and what underflow and overflow of the format may do.
 * `exact` says that the exact result is a number of the format, which every backend then gives.
 */
export function settle(x: Cell, relative: number, exact: boolean, { max, tiny, smallest }: FloatFormat): void {
  if (Number.isNaN(x.v)) {
    x.down = x.up = 0;
    return;
  }
  // Some corner of the operands has no value (∞ − ∞, 0·∞): anything may come out.
  if (Number.isNaN(x.down) || Number.isNaN(x.up)) x.down = x.up = Number.POSITIVE_INFINITY;
  if (!Number.isFinite(x.v)) {
    // An infinite result stays infinite under finite deviations.
    if (Number.isFinite(x.down) && Number.isFinite(x.up)) x.down = x.up = 0;
    else x.down = x.up = Number.POSITIVE_INFINITY;
    return;
  }
  const magnitude = Math.abs(x.v);
  if (!exact) {
    // Rounding is relative to what is rounded: each end of the interval moves by its own magnitude.
    const spread = Math.max(Number.isFinite(x.down) ? x.down : 0, Number.isFinite(x.up) ? x.up : 0);
    if (Number.isFinite(x.down)) x.down += relative * Math.abs(x.v - x.down);
    if (Number.isFinite(x.up)) x.up += relative * Math.abs(x.v + x.up);
    // Below the normal numbers a result may lose all its digits, or be flushed to 0.
    if (magnitude - Math.max(x.down, x.up) < tiny) {
      const lost = Math.min(tiny, magnitude + spread + smallest);
      x.down += lost;
      x.up += lost;
    }
  } else if (magnitude < tiny && magnitude > 0) {
    // Exact, but subnormal: a backend that flushes makes it 0.
    if (x.v > 0) x.down = Math.max(x.down, magnitude);
    else x.up = Math.max(x.up, magnitude);
  }
  // Too large for the format: infinite, or at least its largest number. The centre stays near that end of the interval,
  // since float64 could not tell the end from the distance to it.
  if (x.v + x.up > max) {
    const low = Math.min(x.v - x.down, max);
    x.v = Math.min(x.v, 2 * max);
    x.up = Number.POSITIVE_INFINITY;
    x.down = x.v - low;
  }
  if (x.v - x.down < -max) {
    const high = Math.max(x.v + x.up, -max);
    x.v = Math.max(x.v, -2 * max);
    x.down = Number.POSITIVE_INFINITY;
    x.up = high - x.v;
  }
}
