import { TraceError } from '../errors.ts';
import type { Dim } from './dim.ts';

/** `float` is float32 or float64, as the backend compiles; `int` holds labels, positions and sizes. */
export type DType = 'float' | 'int' | 'bool';

/** What is known of a value before any data: its dtype, its rank, and its sizes by name. */
export interface TensorType {
  readonly dtype: DType;
  readonly shape: readonly Dim[];
}

/** A type as text: `float[N,3]`. */
export const formatType = (type: TensorType): string => `${type.dtype}[${type.shape.join(',')}]`;

export const sameShape = (a: readonly Dim[], b: readonly Dim[]): boolean =>
  a.length === b.length && a.every((dim, axis) => dim === b[axis]);

/** Right-aligned broadcasting from a literal 1 only: two different names never meet, since they might differ at run time. */
export function broadcastShapes(...shapes: (readonly Dim[])[]): Dim[] {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    let result: Dim = 1;
    for (const shape of shapes) {
      const dim = shape[axis - rank + shape.length];
      if (dim === undefined || dim === 1 || dim === result) continue;
      if (result !== 1) {
        throw new TraceError(
          `sizes ${result} and ${dim} meet in one axis of [${shapes.map((s) => s.join(',')).join('] and [')}]; broadcast needs a literal 1 (broadcastTo, expandDims)`,
        );
      }
      result = dim;
    }
    return result;
  });
}

/** An axis counted from the front, from one that may be negative. */
export function axisOf(axis: number, rank: number): number {
  const positive = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || positive < 0 || positive >= rank) {
    throw new TraceError(`axis ${axis} of a value of rank ${rank}`);
  }
  return positive;
}
