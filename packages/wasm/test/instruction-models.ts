import type { ValueType } from '../src/assembler/index.ts';
import type { tables } from '../src/assembler/instructions.ts';

// What the specification says that each instruction gives, in JavaScript, and operands at its edges.

export type Lanes = Float32Array | Float64Array | Int32Array | Uint32Array | BigInt64Array | Uint8Array | Uint16Array;
/** A vector is its 16 bytes; a model may give any typed array of 16 bytes, whose lanes are compared. */
export type Operand = number | bigint | Uint8Array;
// biome-ignore lint/suspicious/noExplicitAny: models take what their instruction takes
export type Model = (...operands: any[]) => number | bigint | Lanes;

const { fround } = Math;
const trap = (): never => {
  throw new RangeError('the instruction traps');
};

// Lanes of a vector
export const f32s = (v: Uint8Array) => new Float32Array(v.slice().buffer);
export const f64s = (v: Uint8Array) => new Float64Array(v.slice().buffer);
export const s32s = (v: Uint8Array) => new Int32Array(v.slice().buffer);
const u32s = (v: Uint8Array) => new Uint32Array(v.slice().buffer);
const u16s = (v: Uint8Array) => new Uint16Array(v.slice().buffer);
export const s64s = (v: Uint8Array) => new BigInt64Array(v.slice().buffer);
const u64s = (v: Uint8Array) => new BigUint64Array(v.slice().buffer);

type Fold<T> = (...lanes: T[]) => T;
const each =
  <T extends number | bigint>(view: (v: Uint8Array) => ArrayLike<T>, of: Fold<T>): Model =>
  (...vectors: Uint8Array[]) => {
    const lanes = vectors.map(view);
    const result = view(vectors[0]!) as unknown as Int32Array;
    for (let k = 0; k < result.length; k++) result[k] = of(...lanes.map((lane) => lane[k]!)) as number;
    return result;
  };
/** A comparison of lanes: all bits or none. */
const masks32 =
  (view: (v: Uint8Array) => ArrayLike<number>, holds: (a: number, b: number) => boolean) =>
  (a: Uint8Array, b: Uint8Array) =>
    Int32Array.from(view(a), (x, k) => (holds(x, view(b)[k]!) ? -1 : 0));
const masks64 =
  <T>(view: (v: Uint8Array) => ArrayLike<T>, holds: (a: T, b: T) => boolean) =>
  (a: Uint8Array, b: Uint8Array) =>
    BigInt64Array.from([0, 1], (k) => (holds(view(a)[k]!, view(b)[k]!) ? -1n : 0n));
const all = <T extends object, R>(table: T, change: (of: T[keyof T]) => R) =>
  Object.fromEntries(Object.entries(table).map(([name, of]) => [name, change(of)])) as { [K in keyof T]: R };

const evenly = (x: number): number => {
  const down = Math.floor(x);
  const up = x - down > 0.5 || (x - down === 0.5 && down % 2 !== 0) ? down + 1 : down;
  return up === 0 && (x < 0 || Object.is(x, -0)) ? -0 : up;
};
const saturated = (x: number): number =>
  Number.isNaN(x) ? 0 : Math.trunc(Math.min(Math.max(x, -(2 ** 31)), 2 ** 31 - 1)) | 0;

const comparisons = {
  eq: <T>(a: T, b: T) => a === b,
  ne: <T>(a: T, b: T) => a !== b,
  lt: <T>(a: T, b: T) => a < b,
  gt: <T>(a: T, b: T) => a > b,
  le: <T>(a: T, b: T) => a <= b,
  ge: <T>(a: T, b: T) => a >= b,
};
const real = {
  abs: Math.abs,
  neg: (x: number) => -x,
  sqrt: Math.sqrt,
  add: (a: number, b: number) => a + b,
  sub: (a: number, b: number) => a - b,
  mul: (a: number, b: number) => a * b,
  div: (a: number, b: number) => a / b,
  min: Math.min,
  max: Math.max,
};
const realLanes = {
  ...real,
  ceil: Math.ceil,
  floor: Math.floor,
  trunc: Math.trunc,
  nearest: evenly,
  // Not minimum and maximum: what C's a < b ? … does, NaN and zeros included.
  // biome-ignore lint/complexity/useMathMinMax: see above
  pmin: (a: number, b: number) => (b < a ? b : a),
  // biome-ignore lint/complexity/useMathMinMax: see above
  pmax: (a: number, b: number) => (a < b ? b : a),
};
const { eq, ne, lt, gt, le, ge } = comparisons;

export const models: { [F in keyof typeof tables]: { [K in keyof (typeof tables)[F]]: Model } } = {
  i32: {
    eqz: (a) => Number(a === 0),
    eq: (a, b) => Number(a === b),
    ne: (a, b) => Number(a !== b),
    lt_s: (a, b) => Number(a < b),
    lt_u: (a, b) => Number(a >>> 0 < b >>> 0),
    gt_s: (a, b) => Number(a > b),
    gt_u: (a, b) => Number(a >>> 0 > b >>> 0),
    le_s: (a, b) => Number(a <= b),
    le_u: (a, b) => Number(a >>> 0 <= b >>> 0),
    ge_s: (a, b) => Number(a >= b),
    ge_u: (a, b) => Number(a >>> 0 >= b >>> 0),
    add: (a, b) => (a + b) | 0,
    sub: (a, b) => (a - b) | 0,
    mul: Math.imul,
    div_s: (a, b) => (b === 0 || (a === -(2 ** 31) && b === -1) ? trap() : (a / b) | 0),
    div_u: (a, b) => (b === 0 ? trap() : ((a >>> 0) / (b >>> 0)) | 0),
    rem_s: (a, b) => (b === 0 ? trap() : (a % b) | 0),
    rem_u: (a, b) => (b === 0 ? trap() : ((a >>> 0) % (b >>> 0)) | 0),
    and: (a, b) => a & b,
    or: (a, b) => a | b,
    xor: (a, b) => a ^ b,
    shl: (a, b) => a << b,
    shr_s: (a, b) => a >> b,
    shr_u: (a, b) => (a >>> b) | 0,
    wrap_i64: (a) => Number(BigInt.asIntN(32, a)),
    trunc_sat_f64_s: saturated,
  },
  i64: {
    lt_u: (a, b) => Number(BigInt.asUintN(64, a) < BigInt.asUintN(64, b)),
    add: (a, b) => BigInt.asIntN(64, a + b),
    sub: (a: bigint, b: bigint) => BigInt.asIntN(64, a - b),
    mul: (a: bigint, b: bigint) => BigInt.asIntN(64, a * b),
    and: (a, b) => a & b,
    or: (a, b) => a | b,
    shl: (a, b) => BigInt.asIntN(64, a << (b & 63n)),
    shr_s: (a, b) => a >> (b & 63n),
    shr_u: (a, b) => BigInt.asIntN(64, BigInt.asUintN(64, a) >> (b & 63n)),
    extend_i32_u: (a) => BigInt(a >>> 0),
  },
  f32: {
    ...all(
      comparisons,
      (holds): Model =>
        (a, b) =>
          Number(holds(a, b)),
    ),
    // One rounding of the float64 result is what one float32 operation gives.
    ...all(
      real,
      (of): Model =>
        (...x) =>
          fround((of as Fold<number>)(...x)),
    ),
    demote_f64: fround,
  },
  f64: {
    ...all(
      comparisons,
      (holds): Model =>
        (a, b) =>
          Number(holds(a, b)),
    ),
    ...real,
    promote_f32: (x) => x,
    convert_i32_s: (x) => x,
    convert_i64_s: Number,
  },
  v128: {
    not: each(s32s, (a) => ~a),
    and: each(s32s, (a, b) => a & b),
    andnot: each(s32s, (a, b) => a & ~b),
    or: each(s32s, (a, b) => a | b),
    xor: each(s32s, (a, b) => a ^ b),
    bitselect: each(s32s, (a, b, chosen) => (a & chosen) | (b & ~chosen)),
    any_true: (a) => Number(s32s(a).some((lane) => lane !== 0)),
  },
  i16x8: {
    extend_low_i8x16_u: (a: Uint8Array) => Uint16Array.from(a.subarray(0, 8)),
  },
  i32x4: {
    splat: (x) => new Int32Array(4).fill(x),
    eq: masks32(s32s, eq),
    ne: masks32(s32s, ne),
    lt_s: masks32(s32s, lt),
    lt_u: masks32(u32s, lt),
    gt_s: masks32(s32s, gt),
    gt_u: masks32(u32s, gt),
    le_s: masks32(s32s, le),
    ge_s: masks32(s32s, ge),
    abs: each(s32s, (a) => Math.abs(a) | 0),
    neg: each(s32s, (a) => -a | 0),
    all_true: (a) => Number(s32s(a).every((lane) => lane !== 0)),
    bitmask: (a) => s32s(a).reduce((bits, lane, k) => bits | (lane < 0 ? 1 << k : 0), 0),
    extend_low_i16x8_u: (a: Uint8Array) => Int32Array.from(u16s(a).subarray(0, 4)),
    shl: (a, by) => s32s(a).map((lane) => lane << by),
    shr_s: (a, by) => s32s(a).map((lane) => lane >> by),
    shr_u: (a, by) => u32s(a).map((lane) => lane >>> by),
    add: each(s32s, (a, b) => a + b),
    sub: each(s32s, (a, b) => a - b),
    mul: each(s32s, (a, b) => Math.imul(a, b)),
    min_s: each(s32s, Math.min),
    max_s: each(s32s, Math.max),
    trunc_sat_f32x4_s: (a) => Int32Array.from(f32s(a), saturated),
    trunc_sat_f64x2_s_zero: (a) => Int32Array.from([...f64s(a), 0, 0], saturated),
  },
  i64x2: {
    splat: (x) => new BigInt64Array(2).fill(x),
    extend_low_i32x4_s: (a: Uint8Array) => BigInt64Array.from([...s32s(a).subarray(0, 2)], BigInt),
    extend_low_i32x4_u: (a: Uint8Array) => BigInt64Array.from([...u32s(a).subarray(0, 2)], BigInt),
    shl: (a, by) => s64s(a).map((lane) => lane << BigInt(by & 63)),
    shr_s: (a, by) => s64s(a).map((lane) => lane >> BigInt(by & 63)),
    shr_u: (a, by) => new BigInt64Array(u64s(a).map((lane) => lane >> BigInt(by & 63)).buffer),
    add: each(s64s, (a, b) => a + b),
    sub: each(s64s, (a, b) => a - b),
    eq: masks64(s64s, eq),
    ne: masks64(s64s, ne),
    lt_s: masks64(s64s, lt),
    gt_s: masks64(s64s, gt),
  },
  f32x4: {
    splat: (x) => new Float32Array(4).fill(x),
    ...all(comparisons, (holds): Model => masks32(f32s, holds)),
    ...all(realLanes, (of): Model => each(f32s, of as Fold<number>)),
    demote_f64x2_zero: (a) => Float32Array.from([...f64s(a), 0, 0]),
    convert_i32x4_s: (a) => Float32Array.from(s32s(a)),
  },
  f64x2: {
    splat: (x) => new Float64Array(2).fill(x),
    ...all(comparisons, (holds): Model => masks64(f64s, holds)),
    ...all(realLanes, (of): Model => each(f64s, of as Fold<number>)),
    promote_low_f32x4: (a: Uint8Array) => Float64Array.from(f32s(a).subarray(0, 2)),
    convert_low_i32x4_s: (a: Uint8Array) => Float64Array.from(s32s(a).subarray(0, 2)),
  },
};

const bytesOf = (lanes: ArrayBufferView): Uint8Array => new Uint8Array(lanes.buffer, lanes.byteOffset, 16).slice();
export const samples: { readonly [T in ValueType]: readonly Operand[] } = {
  i32: [0, 1, -1, 7, -7, 31, 33, 0x12345678, 2 ** 31 - 1, -(2 ** 31)],
  i64: [0n, 1n, -1n, 7n, -65n, 63n, 65n, 0x123456789abcdef0n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n],
  f32: [0, -0, 1, -1.5, 2.5, fround(0.1), 2 ** -149, fround(3e38), Infinity, -Infinity, NaN],
  f64: [0, -0, 1, -1.5, 2.5, 0.1, 5e-324, 1e308, 1 + 2 ** -52, 3e9, -3e9, Infinity, -Infinity, NaN],
  v128: [
    Float32Array.of(0, -0, 1, -1),
    Float32Array.of(1.5, -2.5, 0.1, 3e38),
    Float32Array.of(NaN, Infinity, -Infinity, 3e9),
    Float32Array.of(2 ** -149, -0.5, 0.5, -3e9),
    Float64Array.of(-0, 1),
    Float64Array.of(2.5, NaN),
    Float64Array.of(-Infinity, 0.1),
    Float64Array.of(3e9, -1e308),
    Int32Array.of(1, -1, 2 ** 31 - 1, -(2 ** 31)),
    Int32Array.of(0, 7, -7, 0x12345678),
    Int32Array.of(0, 0, 0, 0),
    Int32Array.of(-1, -1, -1, -1),
    BigInt64Array.of(2n ** 63n - 1n, -(2n ** 63n)),
  ].map(bytesOf),
};
