import { describe, expect, test } from 'vitest';
import { Locals } from '../src/assembler/code.ts';
import {
  f32,
  f32x4,
  f64,
  f64x2,
  i16x8,
  i32,
  i32x4,
  i64,
  i64x2,
  ModuleBuilder,
  type Value,
  type ValueType,
  v128,
} from '../src/assembler/index.ts';
import { laneStores, stores, tables } from '../src/assembler/instructions.ts';
import { f32s, f64s, type Lanes, type Model, models, type Operand, s32s, s64s, samples } from './instruction-models.ts';

// Every instruction once, on the machine, against what the specification says in JavaScript.

const families = { f32, f32x4, f64, f64x2, i16x8, i32, i32x4, i64, i64x2, v128 };

const memory = new WebAssembly.Memory({ initial: 1 });
const data = new DataView(memory.buffer);
const instantiate = (module: ModuleBuilder): Record<string, (...values: number[]) => number> =>
  new WebAssembly.Instance(new WebAssembly.Module(module.bytes()), { env: { memory } }).exports as never;

function put(at: number, type: ValueType, value: Operand): void {
  if (type === 'i32') data.setInt32(at, value as number, true);
  else if (type === 'i64') data.setBigInt64(at, value as bigint, true);
  else if (type === 'f32') data.setFloat32(at, value as number, true);
  else if (type === 'f64') data.setFloat64(at, value as number, true);
  else new Uint8Array(memory.buffer, at, 16).set(value as Uint8Array);
}
/** What stands in memory, with the lanes of `like`. */
function taken(at: number, type: ValueType, like: number | bigint | Lanes): (number | bigint)[] {
  if (type === 'i32') return [data.getInt32(at, true)];
  if (type === 'i64') return [data.getBigInt64(at, true)];
  if (type === 'f32') return [data.getFloat32(at, true)];
  if (type === 'f64') return [data.getFloat64(at, true)];
  const bytes = memory.buffer.slice(at, at + 16);
  return [...new ((like as Lanes).constructor as new (buffer: ArrayBuffer) => Int32Array)(bytes)];
}
const listed = (x: number | bigint | Lanes): (number | bigint)[] =>
  typeof x === 'object' ? [...(x as Int32Array)] : [x];

const loads = { i32: i32.load, i64: i64.load, f32: f32.load, f64: f64.load, v128: v128.load } as const;
const read = (type: ValueType, at: Value<'i32'>, offset = 0): Value => loads[type](at, offset);
const [slot, resultAt] = [16, 128];

type Build = (...operands: Value[]) => Value;
/** A function that reads operands of these types from memory and writes the result. */
function compiled(types: readonly ValueType[], build: Build): { run: () => void; result: ValueType } {
  const module = new ModuleBuilder();
  let result: ValueType = 'i32';
  module.function({ name: 'run', parameters: [] }, (code) => {
    const value = build(...types.map((type, k) => read(type, i32.const(0), slot * k)));
    result = value.type;
    code.store(i32.const(resultAt), value);
    return undefined;
  });
  return { run: instantiate(module).run!, result };
}

function* combinations(types: readonly ValueType[]): Generator<Operand[]> {
  if (types.length === 0) yield [];
  else for (const rest of combinations(types.slice(1))) for (const value of samples[types[0]!]) yield [value, ...rest];
}

function compare(types: readonly ValueType[], build: Build, model: Model): void {
  const { run, result } = compiled(types, build);
  let checked = 0;
  for (const operands of combinations(types)) {
    for (const [k, type] of types.entries()) put(slot * k, type, operands[k]!);
    let wanted: number | bigint | Lanes;
    try {
      wanted = model(...operands);
    } catch {
      expect(run, operands.join()).toThrow(WebAssembly.RuntimeError);
      continue;
    }
    run();
    const [got, list] = [taken(resultAt, result, wanted), listed(wanted)];
    // `expect` for each would take seconds.
    if (got.length !== list.length || !got.every((lane, k) => Object.is(lane, list[k])))
      expect(got, operands.join(' | ')).toEqual(list);
    checked++;
  }
  expect(checked).toBeGreaterThan(0);
}

const typesOf = (signature: string): ValueType[] => signature.split(' -> ')[0]!.split(' ').filter(Boolean) as never;
const rows = Object.entries(tables).flatMap(([family, table]) =>
  Object.entries(table).map(([name, [opcode, signature]]) => ({
    name: `${family}.${name}`,
    opcode,
    types: typesOf(signature),
    build: (families as never as Record<string, Record<string, Build>>)[family]![name]!,
    model: (models as Record<string, Record<string, Model>>)[family]?.[name],
  })),
);

describe('instructions of the tables', () => {
  test.each(rows)('$name', ({ name, types, build, model }) => {
    expect(model, `${name} has no model here`).toBeDefined();
    compare(types, build, model!);
  });

  test('no model without an instruction, no opcode twice', () => {
    for (const [family, table] of Object.entries(models))
      expect(Object.keys(table).sort(), family).toEqual(Object.keys(tables[family as keyof typeof tables]).sort());
    expect(new Set(rows.map(({ opcode }) => opcode)).size).toBe(rows.length);
  });

  test.each(rows)('$name refuses operands of other types', ({ name, types, build }) => {
    const locals = new Locals([]);
    for (const [k, type] of types.entries()) {
      const other = (['i32', 'i64', 'f32', 'f64', 'v128'] as const).find((candidate) => candidate !== type)!;
      const operands = types.map((own, n) => locals.add(n === k ? other : own));
      expect(() => build(...operands)).toThrow(TypeError);
      expect(() => build(...operands)).toThrow(`${name} takes (${types.join(' ')}), not (`);
    }
    expect(() => build()).toThrow(TypeError);
    expect(() => build(...types.map((type) => locals.add(type)), locals.add('i32'))).toThrow(TypeError);
  });
});

// Those with immediates. Loads read operand 0's bytes through the address of its slot.
interface Special {
  readonly types: readonly ValueType[];
  readonly build: Build;
  readonly model: Model;
}
const constant = (
  make: (value: never) => Value,
  value: Operand | Lanes | readonly unknown[],
  lanes?: Lanes,
): Special => ({
  types: [],
  build: () => make(value as never),
  model: () => lanes ?? (value as number),
});
const constants = (make: (value: never) => Value, type: ValueType): Special[] =>
  samples[type].map((value) => constant(make, value));
/** A load of the bytes at `offset` of a vector that lies in memory. */
const load = (
  make: (at: Value<'i32'>, offset?: number) => Value,
  model: (bytes: DataView, offset: number) => number | bigint | Lanes,
): Special[] =>
  [0, 4, 8].map((offset) => ({
    types: ['v128'],
    build: () => make(i32.const(0), offset),
    model: (v) => model(new DataView(v.slice().buffer), offset),
  }));
const lane = <T extends ValueType>(
  view: (v: Uint8Array) => Lanes,
  type: T,
  { extract_lane, replace_lane }: Record<'extract_lane' | 'replace_lane', (...operands: never[]) => Value>,
  count: number,
): Record<'extract_lane' | 'replace_lane', Special[]> => {
  const numbers = Array.from({ length: count }, (_, k) => k);
  return {
    extract_lane: numbers.map((k) => ({
      types: ['v128'],
      build: (v) => extract_lane(v as never, k as never),
      model: (v) => view(v)[k]!,
    })),
    replace_lane: numbers.map((k) => ({
      types: ['v128', type],
      build: (v, x) => replace_lane(v as never, k as never, x as never),
      model: (v, x) => (view(v) as Int32Array).with(k, x as never),
    })),
  };
};
const firstLanes = (count: number, source: DataView, at: number): Int32Array =>
  Int32Array.from([0, 1, 2, 3], (k) => (k < count ? source.getInt32(at + 4 * k, true) : 0));
const loadLane = (
  make: typeof v128.load32_lane,
  view: typeof s32s | typeof s64s,
  count: number,
  bytes: number,
): Special[] =>
  Array.from({ length: count }, (_, k) => ({
    types: ['v128', 'v128'],
    // Address 0 is the first operand's.
    build: (_, v) => make(i32.const(0), v as Value<'v128'>, k, 4),
    model: (source: Uint8Array, v: Uint8Array) => {
      const padded = Uint8Array.of(...source.slice(4, 4 + bytes), ...new Uint8Array(16 - bytes));
      return (view(v) as Int32Array).with(k, view(padded)[0] as never);
    },
  }));
const orders = [
  Array.from({ length: 16 }, (_, k) => 31 - k),
  Array.from({ length: 16 }, (_, k) => (k % 2 === 0 ? k : 15 + k)),
  Array.from({ length: 16 }, () => 17),
];
const specials: Record<string, Special[]> = {
  'i32.const': [
    ...constants(i32.const, 'i32'),
    ...[63, 64, -64, -65, 127, 128, 8191, 8192, -8192, -8193, 2 ** 20, -(2 ** 20) - 1, 2 ** 27 - 1, 2 ** 27].map(
      (value) => constant(i32.const, value),
    ),
    { types: [], build: () => i32.const(2 ** 32 - 1), model: () => -1 },
  ],
  'i32.load': load(i32.load, (v, at) => v.getInt32(at, true)),
  'i32.load8_u': load(i32.load8_u, (v, at) => v.getUint8(at)),
  'i32.load16_u': load(i32.load16_u, (v, at) => v.getUint16(at, true)),
  'i32.select': [
    {
      types: ['i32', 'i32', 'i32'],
      build: (a, b, c) => i32.select(a as never, b as never, c as never),
      model: (a, b, c) => (c !== 0 ? a : b),
    },
  ],
  'i64.const': [
    ...constants(i64.const, 'i64'),
    ...[-64n, -65n, 64n, 8191n, 8192n, -8193n, 2n ** 31n, -(2n ** 31n) - 1n, 2n ** 62n, -(2n ** 62n) - 1n].map(
      (value) => constant(i64.const, value),
    ),
    { types: [], build: () => i64.const(2n ** 64n - 1n), model: () => -1n },
  ],
  'i64.load': load(i64.load, (v, at) => v.getBigInt64(at, true)),
  'f32.const': constants(f32.const, 'f32'),
  'f32.load': load(f32.load, (v, at) => v.getFloat32(at, true)),
  'f64.const': constants(f64.const, 'f64'),
  'f64.load': load(f64.load, (v, at) => v.getFloat64(at, true)),
  // The second slot stands behind the first, so that a vector at offset 4 or 8 reaches into it.
  'v128.load': [0, 4, 16].map((offset) => ({
    types: ['v128', 'v128'],
    build: () => v128.load(i32.const(0), offset),
    model: (a, b) => Uint8Array.of(...a, ...b).slice(offset, offset + 16),
  })),
  'v128.load32_splat': load(v128.load32_splat, (v, at) => new Int32Array(4).fill(v.getInt32(at, true))),
  'v128.load64_splat': load(v128.load64_splat, (v, at) => new BigInt64Array(2).fill(v.getBigInt64(at, true))),
  'v128.load32_zero': load(v128.load32_zero, (v, at) => firstLanes(1, v, at)),
  'v128.load64_zero': load(v128.load64_zero, (v, at) => firstLanes(2, v, at)),
  'v128.load32_lane': loadLane(v128.load32_lane, s32s, 4, 4),
  'v128.load64_lane': loadLane(v128.load64_lane, s64s, 2, 8),
  'v128.shuffle': orders.map((order) => ({
    types: ['v128', 'v128'],
    build: (a, b) => v128.shuffle(a as never, b as never, order),
    model: (a, b) => Uint8Array.from(order, (k) => [...a, ...b][k]!),
  })),
  'i32x4.const': [
    constant(i32x4.const, -7, new Int32Array(4).fill(-7)),
    constant(i32x4.const, [1, -2, 2 ** 31 - 1, -(2 ** 31)], Int32Array.of(1, -2, 2 ** 31 - 1, -(2 ** 31))),
  ],
  'i64x2.const': [
    constant(i64x2.const, 2n ** 63n, new BigInt64Array(2).fill(-(2n ** 63n))),
    constant(i64x2.const, [1n, -2n], BigInt64Array.of(1n, -2n)),
  ],
  'f32x4.const': [
    constant(f32x4.const, 0.1, new Float32Array(4).fill(0.1)),
    constant(f32x4.const, [-0, NaN, Infinity, 1], Float32Array.of(-0, NaN, Infinity, 1)),
  ],
  'f64x2.const': [
    constant(f64x2.const, 0.1, new Float64Array(2).fill(0.1)),
    constant(f64x2.const, [-0, NaN], Float64Array.of(-0, NaN)),
  ],
  ...Object.fromEntries(
    Object.entries({
      i32x4: lane(s32s, 'i32', i32x4, 4),
      i64x2: lane(s64s, 'i64', i64x2, 2),
      f32x4: lane(f32s, 'f32', f32x4, 4),
      f64x2: lane(f64s, 'f64', f64x2, 2),
    }).flatMap(([family, own]) => Object.entries(own).map(([name, list]) => [`${family}.${name}`, list])),
  ),
};

describe('instructions with immediates', () => {
  const names = Object.keys(tables).flatMap((family) => {
    const inTable = tables[family as keyof typeof tables];
    return Object.keys(families[family as keyof typeof tables])
      .filter((name) => !(name in inTable))
      .map((name) => `${family}.${name}`);
  });

  test('all have a model here', () => expect(Object.keys(specials).sort()).toEqual(names.sort()));

  test.each(names)('%s', (name) => {
    for (const { types, build, model } of specials[name] ?? []) compare(types, build, model);
  });

  test('they refuse operands of other types', () => {
    const locals = new Locals([]);
    const [integer, vector, real32] = [locals.add('i32'), locals.add('v128'), locals.add('f32')];
    const wrong = (value: Value) => value as never;
    for (const make of [...Object.values(loads), i32.load8_u, v128.load32_splat, v128.load64_zero])
      expect(() => make(wrong(vector))).toThrow(TypeError);
    expect(() => v128.load32_lane(integer, wrong(integer), 0)).toThrow(
      'v128.load32_lane takes (i32 v128), not (i32 i32)',
    );
    expect(() => f32x4.extract_lane(wrong(real32), 0)).toThrow(TypeError);
    expect(() => f64x2.replace_lane(vector, 0, wrong(real32))).toThrow(TypeError);
    expect(() => i32.select(integer, wrong(real32), integer)).toThrow(TypeError);
    expect(() => v128.shuffle(vector, wrong(integer), orders[0]!)).toThrow(TypeError);
  });
});

describe('stores', () => {
  const bytes = { i32: 4, i64: 8, f32: 4, f64: 8, v128: 16 } as const;

  test.each(Object.keys(stores) as ValueType[])('%s', (type) => {
    for (const offset of [0, 4, 200]) {
      const module = new ModuleBuilder();
      module.function({ name: 'run', parameters: ['i32'] }, (code, [to]) => {
        code.store(to, read(type, i32.const(0)), offset);
        return undefined;
      });
      const { run } = instantiate(module);
      for (const value of samples[type]) {
        new Uint8Array(memory.buffer, resultAt, 512).fill(0xa5);
        put(0, type, value);
        run!(resultAt);
        const written = new Uint8Array(memory.buffer, resultAt, 512).slice();
        expect(written.slice(offset, offset + bytes[type])).toEqual(
          new Uint8Array(memory.buffer, 0, bytes[type]).slice(),
        );
        written.fill(0xa5, offset, offset + bytes[type]);
        expect(written.every((byte) => byte === 0xa5)).toBe(true);
      }
    }
  });

  test('of lanes', () => {
    expect(Object.keys(laneStores)).toEqual(['32', '64']);
    for (const bits of [32, 64] as const)
      for (let k = 0; k < 128 / bits; k++) {
        const module = new ModuleBuilder();
        module.function({ name: 'run', parameters: ['i32'] }, (code, [to]) => {
          code.storeLane(bits, to, v128.load(i32.const(0)), k, 4);
          return undefined;
        });
        put(
          0,
          'v128',
          Uint8Array.from({ length: 16 }, (_, n) => n + 1),
        );
        new Uint8Array(memory.buffer, resultAt, 32).fill(0);
        instantiate(module).run!(resultAt);
        const wanted = Array.from({ length: bits / 8 }, (_, n) => (k * bits) / 8 + n + 1);
        const rest = new Array<number>(28 - bits / 8).fill(0);
        expect([...new Uint8Array(memory.buffer, resultAt, 32)]).toEqual([0, 0, 0, 0, ...wanted, ...rest]);
      }
  });
});
