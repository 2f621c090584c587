import { expect, test } from 'vitest';
import { f32x4, i32, ModuleBuilder, v128 } from '../src/assembler/index.ts';

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
  const memory = new WebAssembly.Memory({ initial: 1 });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.bytes()), { env: { memory } });
  const numbers = new Float32Array(memory.buffer, 64, 8).map((_, k) => k);
  new Float32Array(memory.buffer, 64, 8).set(numbers);
  (instance.exports.double as (from: number, bytes: number) => void)(64, 32);
  expect([...new Float32Array(memory.buffer, 64, 8)]).toEqual([0, 2, 4, 6, 8, 10, 12, 14]);
});
