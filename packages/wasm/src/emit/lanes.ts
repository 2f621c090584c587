import type { DType } from '@isoloss/core';
import {
  type Code,
  f32x4,
  f64,
  f64x2,
  type I32,
  i16x8,
  i32,
  i32x4,
  i64x2,
  type V128,
  v128,
} from '../assembler/index.ts';
import type { LaneOp } from '../compile/ir.ts';
import { f32Math } from '../math/f32.ts';
import { f64Math } from '../math/f64.ts';
import type { ElementaryFunctions } from '../math/functions.ts';

/** How an element lies in memory: `byte` is a bool of the caller, `mask` one of ours. */
export type Storage = 'float' | 'int' | 'byte' | 'mask';

/**
 * Vectors of one float type: floats; integers (int32 lanes beside float32, whole float64 numbers beside float64, so that
 * there are always as many); bools as masks of a lane's width.
 */
export interface Lanes {
  readonly count: number;
  /** Bytes of an element in memory. */
  readonly bytes: Readonly<Record<Storage, number>>;
  constant(value: number, type: DType): V128;
  /** An integer known to all lanes. */
  splat(value: I32): V128;
  /** 0, 1, … in integer lanes. */
  readonly ramp: V128;
  /** An integer lane as an address is computed from. */
  index(vector: V128, lane: number): I32;
  load(storage: Storage, address: I32, offset: number): V128;
  loadSplat(storage: Storage, address: I32): V128;
  /** Replaces one lane by what is at an address. */
  loadLane(storage: Storage, address: I32, vector: V128, lane: number): V128;
  store(code: Code, storage: Storage, address: I32, vector: V128, offset: number): void;
  storeLane(code: Code, storage: Storage, address: I32, vector: V128, lane: number): void;
  /** A mask of the lanes before `count`. */
  first(count: I32): V128;
  add(a: V128, b: V128, type: DType): V128;
  max(a: V128, b: V128): V128;
  /** Lanes combined with one another; the result is in all of them. */
  fold(code: Code, vector: V128, combine: (a: V128, b: V128) => V128): V128;
  op(code: Code, op: LaneOp, type: DType, operandType: DType, operands: readonly V128[], attributes: unknown): V128;
}

const select = (condition: V128, a: V128, b: V128): V128 => v128.bitselect(a, b, condition);

/** Operations that are one instruction in both float types. */
const simple = ['add', 'sub', 'mul', 'div', 'neg', 'abs', 'sqrt'] as const;
const isSimple = (op: LaneOp): op is (typeof simple)[number] => (simple as readonly LaneOp[]).includes(op);
const elementary = [
  'exp',
  'expm1',
  'log',
  'log1p',
  'sin',
  'cos',
  'atan',
  'tanh',
  'sigmoid',
  'softplus',
  'log1pUnit',
  'expDecay',
] as const;
const isElementary = (op: LaneOp): op is (typeof elementary)[number] => (elementary as readonly LaneOp[]).includes(op);
const logic = {
  and: (a: V128, b: V128) => v128.and(a, b),
  or: (a: V128, b: V128) => v128.or(a, b),
};

/** What floats of either width do alike; `code` binds what is used twice. */
function floatOp(
  family: typeof f32x4 | typeof f64x2,
  functions: ElementaryFunctions,
  constant: (value: number) => V128,
  code: Code,
  op: LaneOp,
  operands: readonly V128[],
  attributes: unknown,
): V128 {
  const [a, b, c] = operands as [V128, V128, V128];
  if (isSimple(op)) return (family[op] as (a: V128, b?: V128) => V128)(...(operands as [V128, V128]));
  if (isElementary(op)) return functions[op](code, a);
  switch (op) {
    case 'pow':
      return functions.pow(code, a, (attributes as { exponent: number }).exponent);
    case 'minimum':
      return family.min(a, b);
    case 'maximum':
      return family.max(a, b);
    case 'relu':
      return family.max(a, constant(0));
    case 'sign': {
      const x = code.let(a);
      const positive = v128.and(family.gt(x, constant(0)), constant(1));
      // A zero or NaN is its own sign.
      return select(family.lt(x, constant(0)), constant(-1), select(family.gt(x, constant(0)), positive, x));
    }
    case 'equal':
      return family.eq(a, b);
    case 'less':
      return family.lt(a, b);
    case 'lessEqual':
      return family.le(a, b);
    case 'isNaN': {
      const x = code.let(a);
      return family.ne(x, x);
    }
    case 'isFinite':
      return family.lt(family.abs(a), constant(Infinity));
    case 'where':
      return select(a, b, c);
    default:
      throw new Error(`${op} of floats`);
  }
}

const intOpOfF32 = (op: LaneOp, [a, b, c]: readonly V128[]): V128 => {
  switch (op) {
    case 'add':
    case 'sub':
    case 'mul':
      return i32x4[op](a!, b!);
    case 'neg':
      return i32x4.neg(a!);
    case 'minimum':
      return i32x4.min_s(a!, b!);
    case 'maximum':
      return i32x4.max_s(a!, b!);
    case 'equal':
      return i32x4.eq(a!, b!);
    case 'less':
      return i32x4.lt_s(a!, b!);
    case 'lessEqual':
      return i32x4.le_s(a!, b!);
    case 'where':
      return select(a!, b!, c!);
    default:
      throw new Error(`${op} of integers`);
  }
};

const castsOfF32: Readonly<Record<string, (x: V128) => V128>> = {
  'int float': (x) => f32x4.convert_i32x4_s(x),
  'bool float': (x) => v128.and(x, f32x4.const(1)),
  'bool int': (x) => v128.and(x, i32x4.const(1)),
  'float int': (x) => i32x4.trunc_sat_f32x4_s(x),
  'float bool': (x) => f32x4.ne(x, f32x4.const(0)),
  'int bool': (x) => i32x4.ne(x, i32x4.const(0)),
};

const castsOfF64: Readonly<Record<string, (x: V128) => V128>> = {
  'int float': (x) => x,
  'bool float': (x) => v128.and(x, f64x2.const(1)),
  'bool int': (x) => v128.and(x, f64x2.const(1)),
  'float int': (x) => f64x2.trunc(x),
  'float bool': (x) => f64x2.ne(x, f64x2.const(0)),
  'int bool': (x) => f64x2.ne(x, f64x2.const(0)),
};

const rotate = (code: Code, vector: V128, by: number): V128 => {
  const x = code.let(vector);
  return v128.shuffle(
    x,
    x,
    Array.from({ length: 16 }, (_, k) => (k + by) % 16),
  );
};

const float32: Lanes = {
  count: 4,
  bytes: { float: 4, int: 4, byte: 1, mask: 4 },
  constant: (value, type) =>
    type === 'float' ? f32x4.const(value) : i32x4.const(type === 'int' ? value : value ? -1 : 0),
  splat: (value) => i32x4.splat(value),
  ramp: i32x4.const([0, 1, 2, 3]),
  index: (vector, lane) => i32x4.extract_lane(vector, lane),
  load: (storage, address, offset) =>
    storage === 'byte'
      ? i32x4.ne(i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(address, offset))), i32x4.const(0))
      : v128.load(address, offset),
  loadSplat: (storage, address) =>
    storage === 'byte' ? i32x4.ne(i32x4.splat(i32.load8_u(address)), i32x4.const(0)) : v128.load32_splat(address),
  loadLane: (storage, address, vector, lane) =>
    storage === 'byte'
      ? i32x4.replace_lane(vector, lane, i32.sub(i32.const(0), i32.ne(i32.load8_u(address), i32.const(0))))
      : v128.load32_lane(address, vector, lane),
  store: (code, _, address, vector, offset) => code.store(address, vector, offset),
  storeLane: (code, _, address, vector, lane) => code.storeLane(32, address, vector, lane),
  first: (count) => i32x4.gt_s(i32x4.splat(count), i32x4.const([0, 1, 2, 3])),
  add: (a, b, type) => (type === 'int' ? i32x4.add(a, b) : f32x4.add(a, b)),
  max: (a, b) => f32x4.max(a, b),
  fold(code, vector, combine) {
    const x = code.let(vector);
    const pairs = code.let(combine(x, rotate(code, x, 8)));
    return combine(pairs, rotate(code, pairs, 4));
  },
  op(code, op, type, operandType, operands, attributes) {
    const [a, b] = operands;
    if (op === 'cast') return operandType === type ? a! : castsOfF32[`${operandType} ${type}`]!(a!);
    if (op === 'and' || op === 'or') return logic[op](a!, b!);
    if (op === 'not') return v128.not(a!);
    if (operandType === 'int') return intOpOfF32(op, operands);
    return floatOp(f32x4, f32Math, (value) => f32x4.const(value), code, op, operands, attributes);
  },
};

const float64: Lanes = {
  count: 2,
  bytes: { float: 8, int: 4, byte: 1, mask: 8 },
  constant: (value, type) => (type === 'bool' ? i64x2.const(value ? -1n : 0n) : f64x2.const(value)),
  splat: (value) => f64x2.splat(f64.convert_i32_s(value)),
  ramp: f64x2.const([0, 1]),
  index: (vector, lane) => i32.trunc_sat_f64_s(f64x2.extract_lane(vector, lane)),
  load: (storage, address, offset) =>
    storage === 'byte'
      ? i64x2.ne(
          i64x2.extend_low_i32x4_u(
            i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(i32x4.splat(i32.load16_u(address, offset)))),
          ),
          i64x2.const(0n),
        )
      : storage === 'int'
        ? f64x2.convert_low_i32x4_s(v128.load64_zero(address, offset))
        : v128.load(address, offset),
  loadSplat: (storage, address) =>
    storage === 'byte'
      ? i32x4.ne(i32x4.splat(i32.load8_u(address)), i32x4.const(0))
      : storage === 'int'
        ? f64x2.splat(f64.convert_i32_s(i32.load(address)))
        : v128.load64_splat(address),
  loadLane: (storage, address, vector, lane) =>
    storage === 'byte'
      ? select(
          i64x2.const(lane === 0 ? [-1n, 0n] : [0n, -1n]),
          i32x4.ne(i32x4.splat(i32.load8_u(address)), i32x4.const(0)),
          vector,
        )
      : storage === 'int'
        ? f64x2.replace_lane(vector, lane, f64.convert_i32_s(i32.load(address)))
        : v128.load64_lane(address, vector, lane),
  store(code, storage, address, vector, offset) {
    if (storage === 'int') code.storeLane(64, address, i32x4.trunc_sat_f64x2_s_zero(vector), 0, offset);
    else code.store(address, vector, offset);
  },
  storeLane(code, storage, address, vector, lane) {
    if (storage === 'int') code.storeLane(32, address, i32x4.trunc_sat_f64x2_s_zero(vector), lane);
    else code.storeLane(64, address, vector, lane);
  },
  first: (count) => f64x2.gt(f64x2.splat(f64.convert_i32_s(count)), f64x2.const([0, 1])),
  add: (a, b) => f64x2.add(a, b),
  max: (a, b) => f64x2.max(a, b),
  fold(code, vector, combine) {
    const x = code.let(vector);
    return combine(x, rotate(code, x, 8));
  },
  op(code, op, type, operandType, operands, attributes) {
    const [a, b] = operands;
    if (op === 'cast') return operandType === type ? a! : castsOfF64[`${operandType} ${type}`]!(a!);
    if (op === 'and' || op === 'or') return logic[op](a!, b!);
    if (op === 'not') return v128.not(a!);
    // Whole numbers below 2^53: the same operations as on floats.
    return floatOp(f64x2, f64Math, (value) => f64x2.const(value), code, op, operands, attributes);
  },
};

export const lanesOfDType = { float32, float64 } as const;
