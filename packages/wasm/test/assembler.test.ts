import { describe, expect, test } from 'vitest';
import { Code, Locals } from '../src/assembler/code.ts';
import { call, f32x4, f64, i32, ModuleBuilder, type Value, v128 } from '../src/assembler/index.ts';
import { isLocal } from '../src/assembler/value.ts';

const memory = new WebAssembly.Memory({ initial: 1 });
const data = new DataView(memory.buffer);
const resultAt = 128;
const instantiate = (module: ModuleBuilder, of = memory): Record<string, (...values: number[]) => number> =>
  new WebAssembly.Instance(new WebAssembly.Module(module.bytes()), { env: { memory: of } }).exports as never;

test('a loop over memory', () => {
  const module = new ModuleBuilder();
  const square = module.function({ parameters: ['v128'], result: 'v128' }, (_, [x]) => f32x4.mul(x, x));
  expect(square.index).toBe(0);
  module.function({ name: 'double', parameters: ['i32', 'i32'] }, (code, [from, bytes]) => {
    const at = code.let(from);
    const end = code.let(i32.add(from, bytes));
    code.countTo(at, end, 16, (loop) => {
      const x = loop.let(v128.load(at));
      loop.store(at, f32x4.add(x, x));
    });
  });
  const numbers = new Float32Array(memory.buffer, 64, 8).map((_, k) => k);
  new Float32Array(memory.buffer, 64, 8).set(numbers);
  instantiate(module).double!(64, 32);
  expect([...new Float32Array(memory.buffer, 64, 8)]).toEqual([0, 2, 4, 6, 8, 10, 12, 14]);
});

describe('statements', () => {
  const run = (write: (code: Code, x: Value<'i32'>) => Value<'i32'>, x = 0): number => {
    const module = new ModuleBuilder();
    module.function({ name: 'run', parameters: ['i32'], result: 'i32' }, (code, [given]) => write(code, given));
    return instantiate(module).run!(x);
  };

  test('a choice, with and without an alternative', () => {
    const choose = (code: Code, x: Value<'i32'>) => {
      const result = code.let(i32.const(1));
      code.if(
        x,
        (then) => then.if(i32.gt_s(x, i32.const(5)), (inner) => inner.set(result, i32.const(2))),
        (otherwise) => otherwise.set(result, i32.const(3)),
      );
      return result;
    };
    expect([0, 1, 9].map((x) => run(choose, x))).toEqual([3, 1, 2]);
  });

  test('a loop, also without a turn, and by a step that is a value', () => {
    const count = (code: Code, x: Value<'i32'>) => {
      const [turns, k] = [code.let(i32.const(0)), code.let(i32.const(0))];
      code.countTo(k, x, i32.const(3), (body) => body.set(turns, i32.add(turns, i32.const(1))));
      return turns;
    };
    expect([-1, 0, 1, 3, 4, 300].map((x) => run(count, x))).toEqual([0, 0, 1, 1, 2, 100]);
  });

  test('what is appended to a section later stands where it was opened', () => {
    const value = run((code) => {
      const x = code.let(i32.const(1));
      const place = code.section();
      code.set(x, i32.mul(x, i32.const(10)));
      place.set(x, i32.add(x, i32.const(4)));
      return x;
    });
    expect(value).toBe(50);
  });

  test('memory is filled and copied, forwards and over itself', () => {
    run((code) => {
      code.fill(i32.const(resultAt), i32.const(7), i32.const(4));
      code.fill(i32.const(resultAt + 4), i32.const(258), i32.const(4));
      code.copy(i32.const(resultAt + 2), i32.const(resultAt), i32.const(6));
      return i32.const(0);
    });
    expect([...new Uint8Array(memory.buffer, resultAt, 8)]).toEqual([7, 7, 7, 7, 7, 7, 2, 2]);
  });

  test('a variable keeps its type', () => {
    const code = new Code(new Locals([]));
    const x = code.variable('f32');
    expect(() => code.set(x, i32.const(1) as never)).toThrow(new TypeError('a variable of f32 is set to i32'));
    expect([isLocal(x), isLocal(i32.const(1))]).toEqual([true, false]);
  });
});

describe('modules', () => {
  test('functions call each other', () => {
    const module = new ModuleBuilder();
    const square = module.function({ parameters: ['f64'], result: 'f64' }, (_, [x]) => f64.mul(x, x));
    const keep = module.function({ parameters: ['i32', 'f64'] }, (code, [at, x]) => {
      code.store(at, x);
      return undefined;
    });
    module.function({ name: 'run', parameters: ['f64'] }, (code, [x]) => {
      code.call(keep.index, [i32.const(resultAt), call(square, [call(square, [x])])]);
      return undefined;
    });
    const exported = instantiate(module);
    expect(Object.keys(exported)).toEqual(['run']);
    exported.run!(3);
    expect(data.getFloat64(resultAt, true)).toBe(81);
    expect(() => call(square, [i32.const(1)])).toThrow(new TypeError('function 0 takes (f64), not (i32)'));
    expect(() => call(square, [])).toThrow(TypeError);
    expect(() => call(keep as never, [i32.const(1), f64.const(1)])).toThrow(TypeError);
  });

  test('a function gives what it says', () => {
    const module = new ModuleBuilder();
    const wrong = () => module.function({ name: 'f', parameters: [], result: 'f32' }, () => f64.const(1) as never);
    expect(wrong).toThrow(new TypeError('f gives f64, not f32'));
    expect(() => module.function({ parameters: [], result: 'f32' }, () => undefined)).toThrow(TypeError);
    expect(() => module.function({ parameters: [] }, () => i32.const(1) as never)).toThrow(TypeError);
  });

  test('a shared memory fits only with the same maximum, an own one only unshared', () => {
    const module = new ModuleBuilder({ maximum: 300 });
    module.function({ name: 'get', parameters: [], result: 'i32' }, () => i32.load(i32.const(0)));
    const shared = (maximum: number) => new WebAssembly.Memory({ initial: 1, maximum, shared: true });
    const own = shared(300);
    new Int32Array(own.buffer)[0] = 42;
    expect(instantiate(module, own).get!()).toBe(42);
    expect(() => instantiate(module, shared(301))).toThrow(WebAssembly.LinkError);
    expect(() => instantiate(module)).toThrow(WebAssembly.LinkError);
  });

  test('an empty module is one', () => expect(WebAssembly.validate(new ModuleBuilder().bytes())).toBe(true));

  test.each([1, 127, 128, 300, 20_000])('%i variables of changing types', (count) => {
    const module = new ModuleBuilder();
    module.function({ name: 'run', parameters: ['i32'], result: 'i32' }, (code, [x]) => {
      let last = x;
      for (let k = 0; k < count; k++) {
        if (k % 3 === 1) code.let(f64.const(k));
        last = code.let(i32.add(last, i32.const(1)));
      }
      return last;
    });
    expect(instantiate(module).run!(5)).toBe(5 + count);
  });

  test('hundreds of functions, types and long names', () => {
    const module = new ModuleBuilder();
    for (let k = 0; k < 300; k++) {
      const parameters = Array.from({ length: k % 140 }, () => 'i32' as const);
      module.function({ name: `${'f'.repeat(k)}${k}`, parameters, result: 'i32' }, () => i32.const(k));
    }
    const exported = instantiate(module);
    expect(Object.keys(exported).length).toBe(300);
    for (const k of [0, 1, 127, 128, 299]) expect(exported[`${'f'.repeat(k)}${k}`]!()).toBe(k);
  });

  test('offsets of any size', () => {
    const module = new ModuleBuilder();
    for (const offset of [127, 128, 16383, 16384, 65532, 2 ** 31, 2 ** 32 - 4])
      module.function({ name: `at${offset}`, parameters: [], result: 'i32' }, () => i32.load(i32.const(0), offset));
    const exported = instantiate(module);
    for (const offset of [127, 128, 16383, 16384, 65532]) {
      data.setInt32(offset, offset + 1, true);
      expect(exported[`at${offset}`]!()).toBe(offset + 1);
    }
    for (const offset of [2 ** 31, 2 ** 32 - 4]) expect(exported[`at${offset}`]).toThrow(WebAssembly.RuntimeError);
  });
});
