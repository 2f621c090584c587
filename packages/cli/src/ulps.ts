import type { Tensor } from '@isoloss/core';

/** How many floats of the dtype lie between two tensors of one shape, at the element where they are furthest apart. */
export function largestUlps(a: Tensor, b: Tensor): number {
  if (a.data.length !== b.data.length) return Infinity;
  const position = a.dtype === 'float32' ? position32 : position64;
  let largest = 0;
  for (let k = 0; k < a.data.length; k++) {
    const [x, y] = [a.data[k]!, b.data[k]!];
    if (Object.is(x, y) || x === y) continue;
    if (Number.isNaN(x) || Number.isNaN(y)) return Infinity;
    largest = Math.max(largest, Math.abs(Number(position(x) - position(y))));
  }
  return largest;
}

const bits = new DataView(new ArrayBuffer(8));

/** Floats in order as integers, so that neighbours differ by one; both zeros are 0. */
function position32(x: number): bigint {
  bits.setFloat32(0, x);
  const raw = bits.getInt32(0);
  return BigInt(raw < 0 ? -(raw & 0x7fffffff) : raw);
}

function position64(x: number): bigint {
  bits.setFloat64(0, x);
  const raw = bits.getBigInt64(0);
  return raw < 0n ? -(raw & 0x7fffffffffffffffn) : raw;
}
