/**
 * The instructions that we use, by the names of the WebAssembly specification: `f32x4.add(a, b)`. Each name stands once,
 * beside its opcode; test/instructions.test.ts runs every one.
 */
import { type F32, type F64, family, type I32, type I64, instruction, type V128, type Value } from './value.ts';
import type { Writer } from './writer.ts';

const simd = 0xfd0000;
const misc = 0xfc0000;

/** The tables, by family: what the tests go through. */
export const tables = {
  i32: {
    eqz: [0x45, 'i32 -> i32'],
    eq: [0x46, 'i32 i32 -> i32'],
    ne: [0x47, 'i32 i32 -> i32'],
    lt_s: [0x48, 'i32 i32 -> i32'],
    lt_u: [0x49, 'i32 i32 -> i32'],
    gt_s: [0x4a, 'i32 i32 -> i32'],
    gt_u: [0x4b, 'i32 i32 -> i32'],
    le_s: [0x4c, 'i32 i32 -> i32'],
    le_u: [0x4d, 'i32 i32 -> i32'],
    ge_s: [0x4e, 'i32 i32 -> i32'],
    ge_u: [0x4f, 'i32 i32 -> i32'],
    add: [0x6a, 'i32 i32 -> i32'],
    sub: [0x6b, 'i32 i32 -> i32'],
    mul: [0x6c, 'i32 i32 -> i32'],
    div_s: [0x6d, 'i32 i32 -> i32'],
    div_u: [0x6e, 'i32 i32 -> i32'],
    rem_s: [0x6f, 'i32 i32 -> i32'],
    rem_u: [0x70, 'i32 i32 -> i32'],
    and: [0x71, 'i32 i32 -> i32'],
    or: [0x72, 'i32 i32 -> i32'],
    xor: [0x73, 'i32 i32 -> i32'],
    shl: [0x74, 'i32 i32 -> i32'],
    shr_s: [0x75, 'i32 i32 -> i32'],
    shr_u: [0x76, 'i32 i32 -> i32'],
    wrap_i64: [0xa7, 'i64 -> i32'],
    trunc_sat_f64_s: [misc | 0x02, 'f64 -> i32'],
  },
  i64: {
    lt_u: [0x54, 'i64 i64 -> i32'],
    add: [0x7c, 'i64 i64 -> i64'],
    sub: [0x7d, 'i64 i64 -> i64'],
    mul: [0x7e, 'i64 i64 -> i64'],
    and: [0x83, 'i64 i64 -> i64'],
    or: [0x84, 'i64 i64 -> i64'],
    shl: [0x86, 'i64 i64 -> i64'],
    shr_s: [0x87, 'i64 i64 -> i64'],
    shr_u: [0x88, 'i64 i64 -> i64'],
    extend_i32_u: [0xad, 'i32 -> i64'],
  },
  f32: {
    eq: [0x5b, 'f32 f32 -> i32'],
    ne: [0x5c, 'f32 f32 -> i32'],
    lt: [0x5d, 'f32 f32 -> i32'],
    gt: [0x5e, 'f32 f32 -> i32'],
    le: [0x5f, 'f32 f32 -> i32'],
    ge: [0x60, 'f32 f32 -> i32'],
    abs: [0x8b, 'f32 -> f32'],
    neg: [0x8c, 'f32 -> f32'],
    sqrt: [0x91, 'f32 -> f32'],
    add: [0x92, 'f32 f32 -> f32'],
    sub: [0x93, 'f32 f32 -> f32'],
    mul: [0x94, 'f32 f32 -> f32'],
    div: [0x95, 'f32 f32 -> f32'],
    min: [0x96, 'f32 f32 -> f32'],
    max: [0x97, 'f32 f32 -> f32'],
    demote_f64: [0xb6, 'f64 -> f32'],
  },
  f64: {
    eq: [0x61, 'f64 f64 -> i32'],
    ne: [0x62, 'f64 f64 -> i32'],
    lt: [0x63, 'f64 f64 -> i32'],
    gt: [0x64, 'f64 f64 -> i32'],
    le: [0x65, 'f64 f64 -> i32'],
    ge: [0x66, 'f64 f64 -> i32'],
    abs: [0x99, 'f64 -> f64'],
    neg: [0x9a, 'f64 -> f64'],
    sqrt: [0x9f, 'f64 -> f64'],
    add: [0xa0, 'f64 f64 -> f64'],
    sub: [0xa1, 'f64 f64 -> f64'],
    mul: [0xa2, 'f64 f64 -> f64'],
    div: [0xa3, 'f64 f64 -> f64'],
    min: [0xa4, 'f64 f64 -> f64'],
    max: [0xa5, 'f64 f64 -> f64'],
    promote_f32: [0xbb, 'f32 -> f64'],
    convert_i32_s: [0xb7, 'i32 -> f64'],
    convert_i64_s: [0xb9, 'i64 -> f64'],
  },
  v128: {
    not: [simd | 0x4d, 'v128 -> v128'],
    and: [simd | 0x4e, 'v128 v128 -> v128'],
    andnot: [simd | 0x4f, 'v128 v128 -> v128'],
    or: [simd | 0x50, 'v128 v128 -> v128'],
    xor: [simd | 0x51, 'v128 v128 -> v128'],
    /** Bits of the first where the third has ones, of the second elsewhere. */
    bitselect: [simd | 0x52, 'v128 v128 v128 -> v128'],
    any_true: [simd | 0x53, 'v128 -> i32'],
  },
  i16x8: {
    extend_low_i8x16_u: [simd | 0x89, 'v128 -> v128'],
  },
  i32x4: {
    splat: [simd | 0x11, 'i32 -> v128'],
    eq: [simd | 0x37, 'v128 v128 -> v128'],
    ne: [simd | 0x38, 'v128 v128 -> v128'],
    lt_s: [simd | 0x39, 'v128 v128 -> v128'],
    lt_u: [simd | 0x3a, 'v128 v128 -> v128'],
    gt_s: [simd | 0x3b, 'v128 v128 -> v128'],
    gt_u: [simd | 0x3c, 'v128 v128 -> v128'],
    le_s: [simd | 0x3d, 'v128 v128 -> v128'],
    ge_s: [simd | 0x3f, 'v128 v128 -> v128'],
    abs: [simd | 0xa0, 'v128 -> v128'],
    neg: [simd | 0xa1, 'v128 -> v128'],
    all_true: [simd | 0xa3, 'v128 -> i32'],
    bitmask: [simd | 0xa4, 'v128 -> i32'],
    extend_low_i16x8_u: [simd | 0xa9, 'v128 -> v128'],
    shl: [simd | 0xab, 'v128 i32 -> v128'],
    shr_s: [simd | 0xac, 'v128 i32 -> v128'],
    shr_u: [simd | 0xad, 'v128 i32 -> v128'],
    add: [simd | 0xae, 'v128 v128 -> v128'],
    sub: [simd | 0xb1, 'v128 v128 -> v128'],
    mul: [simd | 0xb5, 'v128 v128 -> v128'],
    min_s: [simd | 0xb6, 'v128 v128 -> v128'],
    max_s: [simd | 0xb8, 'v128 v128 -> v128'],
    trunc_sat_f32x4_s: [simd | 0xf8, 'v128 -> v128'],
    trunc_sat_f64x2_s_zero: [simd | 0xfc, 'v128 -> v128'],
  },
  i64x2: {
    splat: [simd | 0x12, 'i64 -> v128'],
    extend_low_i32x4_s: [simd | 0xc7, 'v128 -> v128'],
    extend_low_i32x4_u: [simd | 0xc9, 'v128 -> v128'],
    shl: [simd | 0xcb, 'v128 i32 -> v128'],
    shr_s: [simd | 0xcc, 'v128 i32 -> v128'],
    shr_u: [simd | 0xcd, 'v128 i32 -> v128'],
    add: [simd | 0xce, 'v128 v128 -> v128'],
    sub: [simd | 0xd1, 'v128 v128 -> v128'],
    eq: [simd | 0xd6, 'v128 v128 -> v128'],
    ne: [simd | 0xd7, 'v128 v128 -> v128'],
    lt_s: [simd | 0xd8, 'v128 v128 -> v128'],
    gt_s: [simd | 0xd9, 'v128 v128 -> v128'],
  },
  f32x4: {
    splat: [simd | 0x13, 'f32 -> v128'],
    eq: [simd | 0x41, 'v128 v128 -> v128'],
    ne: [simd | 0x42, 'v128 v128 -> v128'],
    lt: [simd | 0x43, 'v128 v128 -> v128'],
    gt: [simd | 0x44, 'v128 v128 -> v128'],
    le: [simd | 0x45, 'v128 v128 -> v128'],
    ge: [simd | 0x46, 'v128 v128 -> v128'],
    demote_f64x2_zero: [simd | 0x5e, 'v128 -> v128'],
    ceil: [simd | 0x67, 'v128 -> v128'],
    floor: [simd | 0x68, 'v128 -> v128'],
    trunc: [simd | 0x69, 'v128 -> v128'],
    nearest: [simd | 0x6a, 'v128 -> v128'],
    abs: [simd | 0xe0, 'v128 -> v128'],
    neg: [simd | 0xe1, 'v128 -> v128'],
    sqrt: [simd | 0xe3, 'v128 -> v128'],
    add: [simd | 0xe4, 'v128 v128 -> v128'],
    sub: [simd | 0xe5, 'v128 v128 -> v128'],
    mul: [simd | 0xe6, 'v128 v128 -> v128'],
    div: [simd | 0xe7, 'v128 v128 -> v128'],
    min: [simd | 0xe8, 'v128 v128 -> v128'],
    max: [simd | 0xe9, 'v128 v128 -> v128'],
    pmin: [simd | 0xea, 'v128 v128 -> v128'],
    pmax: [simd | 0xeb, 'v128 v128 -> v128'],
    convert_i32x4_s: [simd | 0xfa, 'v128 -> v128'],
  },
  f64x2: {
    splat: [simd | 0x14, 'f64 -> v128'],
    eq: [simd | 0x47, 'v128 v128 -> v128'],
    ne: [simd | 0x48, 'v128 v128 -> v128'],
    lt: [simd | 0x49, 'v128 v128 -> v128'],
    gt: [simd | 0x4a, 'v128 v128 -> v128'],
    le: [simd | 0x4b, 'v128 v128 -> v128'],
    ge: [simd | 0x4c, 'v128 v128 -> v128'],
    promote_low_f32x4: [simd | 0x5f, 'v128 -> v128'],
    ceil: [simd | 0x74, 'v128 -> v128'],
    floor: [simd | 0x75, 'v128 -> v128'],
    trunc: [simd | 0x7a, 'v128 -> v128'],
    nearest: [simd | 0x94, 'v128 -> v128'],
    abs: [simd | 0xec, 'v128 -> v128'],
    neg: [simd | 0xed, 'v128 -> v128'],
    sqrt: [simd | 0xef, 'v128 -> v128'],
    add: [simd | 0xf0, 'v128 v128 -> v128'],
    sub: [simd | 0xf1, 'v128 v128 -> v128'],
    mul: [simd | 0xf2, 'v128 v128 -> v128'],
    div: [simd | 0xf3, 'v128 v128 -> v128'],
    min: [simd | 0xf4, 'v128 v128 -> v128'],
    max: [simd | 0xf5, 'v128 v128 -> v128'],
    pmin: [simd | 0xf6, 'v128 v128 -> v128'],
    pmax: [simd | 0xf7, 'v128 v128 -> v128'],
    convert_low_i32x4_s: [simd | 0xfe, 'v128 -> v128'],
  },
} as const;

/** Loads and stores, with the alignment that they may promise. */
const memarg = (alignment: number, offset: number) => (out: Writer) => {
  out.u32(alignment);
  out.u32(offset);
};

const load =
  <T extends Value>(name: string, opcode: number, type: T['type'], alignment: number) =>
  (address: I32, offset = 0): T =>
    instruction(name, opcode, `i32 -> ${type}`, [address], memarg(alignment, offset)) as Value as T;

const loadLane =
  (name: string, opcode: number, alignment: number) =>
  (address: I32, vector: V128, lane: number, offset = 0): V128 =>
    instruction(name, opcode, 'i32 v128 -> v128', [address, vector], (out) => {
      memarg(alignment, offset)(out);
      out.byte(lane);
    });

const extract =
  <T extends Value>(name: string, opcode: number, type: T['type']) =>
  (vector: V128, lane: number): T =>
    instruction(name, opcode, `v128 -> ${type}`, [vector], (out) => out.byte(lane)) as Value as T;

const replace =
  <T extends Value>(name: string, opcode: number, type: T['type']) =>
  (vector: V128, lane: number, value: T): V128 =>
    instruction(name, opcode, `v128 ${type} -> v128`, [vector, value], (out) => out.byte(lane));

const constantVector = (fill: (view: DataView) => void): V128 => {
  const bytes = new Uint8Array(16);
  fill(new DataView(bytes.buffer));
  return instruction('v128.const', simd | 0x0c, ' -> v128', [], (out) => out.append(bytes));
};

/** A list of lanes, or one number for all of them. */
const lanes = (value: number | readonly number[], count: number): readonly number[] =>
  typeof value === 'number' ? Array.from({ length: count }, () => value) : value;

export const i32 = {
  ...family('i32', tables.i32),
  const: (value: number): I32 => instruction('i32.const', 0x41, ' -> i32', [], (out) => out.s32(value)),
  load: load<I32>('i32.load', 0x28, 'i32', 2),
  load8_u: load<I32>('i32.load8_u', 0x2d, 'i32', 0),
  load16_u: load<I32>('i32.load16_u', 0x2f, 'i32', 0),
  /** The first if the last is not 0, else the second. */
  select: (a: I32, b: I32, condition: I32): I32 =>
    instruction('i32.select', 0x1b, 'i32 i32 i32 -> i32', [a, b, condition]),
};

/** Signed LEB128 of 64 bits. */
function s64(out: Writer, value: bigint): void {
  let rest = BigInt.asIntN(64, value);
  while (rest < -64n || rest > 63n) {
    out.byte(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  out.byte(Number(rest & 0x7fn));
}

export const i64 = {
  ...family('i64', tables.i64),
  const: (value: bigint): I64 => instruction('i64.const', 0x42, ' -> i64', [], (out) => s64(out, value)),
  load: load<I64>('i64.load', 0x29, 'i64', 2),
};

export const f32 = {
  ...family('f32', tables.f32),
  const: (value: number): F32 => instruction('f32.const', 0x43, ' -> f32', [], (out) => out.f32(value)),
  load: load<F32>('f32.load', 0x2a, 'f32', 2),
};

export const f64 = {
  ...family('f64', tables.f64),
  const: (value: number): F64 => instruction('f64.const', 0x44, ' -> f64', [], (out) => out.f64(value)),
  load: load<F64>('f64.load', 0x2b, 'f64', 3),
};

export const v128 = {
  ...family('v128', tables.v128),
  load: load<V128>('v128.load', simd | 0x00, 'v128', 2),
  load32_splat: load<V128>('v128.load32_splat', simd | 0x09, 'v128', 2),
  load64_splat: load<V128>('v128.load64_splat', simd | 0x0a, 'v128', 3),
  load32_zero: load<V128>('v128.load32_zero', simd | 0x5c, 'v128', 0),
  load64_zero: load<V128>('v128.load64_zero', simd | 0x5d, 'v128', 2),
  load32_lane: loadLane('v128.load32_lane', simd | 0x56, 2),
  load64_lane: loadLane('v128.load64_lane', simd | 0x57, 3),
  /** Any of the 32 bytes of two vectors, by their numbers. */
  shuffle: (a: V128, b: V128, bytes: readonly number[]): V128 =>
    instruction('i8x16.shuffle', simd | 0x0d, 'v128 v128 -> v128', [a, b], (out) => {
      for (const byte of bytes) out.byte(byte);
    }),
};

const i32x4Const = (value: number | readonly number[]): V128 =>
  constantVector((view) => {
    for (const [k, lane] of lanes(value, 4).entries()) view.setInt32(4 * k, lane, true);
  });

export const i16x8 = family('i16x8', tables.i16x8);

export const i32x4 = {
  ...family('i32x4', tables.i32x4),
  const: i32x4Const,
  extract_lane: extract<I32>('i32x4.extract_lane', simd | 0x1b, 'i32'),
  replace_lane: replace<I32>('i32x4.replace_lane', simd | 0x1c, 'i32'),
};

export const i64x2 = {
  ...family('i64x2', tables.i64x2),
  /** Lanes as 64-bit patterns, or one for both. */
  const: (value: bigint | readonly bigint[]): V128 =>
    constantVector((view) => {
      for (const [k, lane] of (typeof value === 'bigint' ? [value, value] : value).entries())
        view.setBigInt64(8 * k, BigInt.asIntN(64, lane), true);
    }),
  extract_lane: extract<I64>('i64x2.extract_lane', simd | 0x1d, 'i64'),
  replace_lane: replace<I64>('i64x2.replace_lane', simd | 0x1e, 'i64'),
};

export const f32x4 = {
  ...family('f32x4', tables.f32x4),
  const: (value: number | readonly number[]): V128 =>
    constantVector((view) => {
      for (const [k, lane] of lanes(value, 4).entries()) view.setFloat32(4 * k, lane, true);
    }),
  extract_lane: extract<F32>('f32x4.extract_lane', simd | 0x1f, 'f32'),
  replace_lane: replace<F32>('f32x4.replace_lane', simd | 0x20, 'f32'),
};

export const f64x2 = {
  ...family('f64x2', tables.f64x2),
  const: (value: number | readonly number[]): V128 =>
    constantVector((view) => {
      for (const [k, lane] of lanes(value, 2).entries()) view.setFloat64(8 * k, lane, true);
    }),
  extract_lane: extract<F64>('f64x2.extract_lane', simd | 0x21, 'f64'),
  replace_lane: replace<F64>('f64x2.replace_lane', simd | 0x22, 'f64'),
};

/** Instructions that store, with their operand types: `Code.store` writes them. */
export const stores = {
  i32: [0x36, 2, 'i32'],
  i64: [0x37, 3, 'i64'],
  f32: [0x38, 2, 'f32'],
  f64: [0x39, 3, 'f64'],
  v128: [simd | 0x0b, 2, 'v128'],
} as const;

export const laneStores = { 32: [simd | 0x5a, 2], 64: [simd | 0x5b, 3] } as const;
