import {
  type Code,
  type F32,
  type F64,
  f32,
  f32x4,
  f64,
  f64x2,
  type I32,
  type V128,
  v128,
} from '../assembler/index.ts';

export type KernelDType = 'float32' | 'float64';

/** What a kernel needs to know of its dtype, so that one text serves both. */
export interface Numeric {
  readonly dtype: KernelDType;
  /** Bytes of an element, and log2 of it. */
  readonly bytes: number;
  readonly shift: number;
  /** Elements of a vector. */
  readonly lanes: number;
  readonly zeros: V128;
  readonly add: (a: V128, b: V128) => V128;
  readonly mul: (a: V128, b: V128) => V128;
  /** One element from memory, in all lanes. */
  readonly loadSplat: (address: I32, offset?: number) => V128;
  readonly load: (address: I32, offset?: number) => F32 | F64;
  readonly addScalar: (a: F32 | F64, b: F32 | F64) => F32 | F64;
  /** Binds the transpose of `lanes` vectors. */
  readonly transpose: (code: Code, rows: readonly V128[]) => V128[];
}

/** Byte numbers of a shuffle by lanes of `size` bytes. */
export const bytesOf = (size: number, lanes: readonly number[]): number[] =>
  lanes.flatMap((lane) => Array.from({ length: size }, (_, k) => lane * size + k));

const pick = (a: V128, b: V128, size: number, lanes: readonly number[]) => v128.shuffle(a, b, bytesOf(size, lanes));

export const numerics: Readonly<Record<KernelDType, Numeric>> = {
  float32: {
    dtype: 'float32',
    bytes: 4,
    shift: 2,
    lanes: 4,
    zeros: f32x4.const(0),
    add: f32x4.add,
    mul: f32x4.mul,
    loadSplat: v128.load32_splat,
    load: f32.load,
    addScalar: (a, b) => f32.add(a as F32, b as F32),
    transpose: (code, rows) => {
      const [a, b, c, d] = rows as [V128, V128, V128, V128];
      const low = [code.let(pick(a, b, 4, [0, 4, 1, 5])), code.let(pick(c, d, 4, [0, 4, 1, 5]))] as const;
      const high = [code.let(pick(a, b, 4, [2, 6, 3, 7])), code.let(pick(c, d, 4, [2, 6, 3, 7]))] as const;
      return [low, high].flatMap(([p, q]) => [code.let(pick(p, q, 8, [0, 2])), code.let(pick(p, q, 8, [1, 3]))]);
    },
  },
  float64: {
    dtype: 'float64',
    bytes: 8,
    shift: 3,
    lanes: 2,
    zeros: f64x2.const(0),
    add: f64x2.add,
    mul: f64x2.mul,
    loadSplat: v128.load64_splat,
    load: f64.load,
    addScalar: (a, b) => f64.add(a as F64, b as F64),
    transpose: (code, rows) => {
      const [a, b] = rows as [V128, V128];
      return [code.let(pick(a, b, 8, [0, 2])), code.let(pick(a, b, 8, [1, 3]))];
    },
  },
};
