import { describe, expect, test } from 'vitest';
import { type Argsort, argsortScratch, emitArgsort } from '../src/kernels/argsort.ts';
import { Bench, dtypes, fillRandom, randoms } from './kernels.ts';

const random = randoms(11);

/** As core's rule of argsort has it. */
function expected(line: Float32Array | Float64Array): number[] {
  return Array.from({ length: line.length }, (_, k) => k).sort((a, b) => {
    const [p, q] = [line[a]!, line[b]!];
    return p < q ? -1 : p > q ? 1 : Number(Number.isNaN(p)) - Number(Number.isNaN(q)) || a - b;
  });
}

for (const dtype of dtypes)
  describe(`argsort of ${dtype}`, () => {
    const bench = new Bench();
    const argsort = bench.instance<Argsort>((m) => emitArgsort(m, dtype), 'argsort');

    const check = (lines: number, length: number, fill: (keys: Float32Array | Float64Array) => void) => {
      bench.clear();
      const keys = bench.buffer(dtype, lines * length);
      const out = bench.buffer('int32', lines * length);
      const parts = bench.buffer('int32', lines * length);
      const scratch = bench.scratch(argsortScratch(dtype, { length }));
      fill(keys);
      const split = Math.floor(random() * (lines + 1));
      argsort(keys.byteOffset, out.byteOffset, scratch, length, 0, lines);
      argsort(keys.byteOffset, parts.byteOffset, scratch, length, split, lines);
      argsort(keys.byteOffset, parts.byteOffset, scratch, length, 0, split);
      expect(bench.intact()).toBe(true);
      for (let line = 0; line < lines; line++) {
        const [begin, end] = [line * length, (line + 1) * length];
        const want = expected(keys.subarray(begin, end)).join();
        expect(out.subarray(begin, end).join() === want, `length ${length}`).toBe(true);
        expect(parts.subarray(begin, end).join() === want, `length ${length}, in parts`).toBe(true);
      }
    };

    const lengths = [
      ...Array.from({ length: 12 }, (_, k) => k),
      33,
      64,
      127,
      128,
      129,
      192,
      193,
      257,
      1000,
      3999,
      4000,
      9001,
    ];
    test('random keys', () => {
      for (const length of lengths) check(length > 300 ? 2 : 5, length, (keys) => fillRandom(keys, random));
    });
    test('NaN of both signs, infinities and zeros', () => {
      for (const length of lengths)
        check(3, length, (keys) => {
          fillRandom(keys, random, 3);
          const view = new DataView(keys.buffer, keys.byteOffset, keys.byteLength);
          for (let k = 0; k < keys.length; k += 5)
            if (dtype === 'float32') view.setUint32(4 * k, [0xffc00000, 0x7f800001, 0x7fffffff][k % 3]!, true);
            else
              view.setBigUint64(8 * k, [0xfff8000000000000n, 0x7ff0000000000001n, 0x7fffffffffffffffn][k % 3]!, true);
        });
    });
    test('all magnitudes, subnormal too', () => {
      for (const length of [40, 2000, 7000])
        check(1, length, (keys) => {
          for (let k = 0; k < keys.length; k++) keys[k] = (random() - 0.5) * 2 ** (Math.floor(random() * 2200) - 1100);
        });
    });
    test('few digits differ: each number of passes', () => {
      for (const length of [200, 6500])
        for (let lowest = 0; lowest < 64; lowest += 5)
          for (const count of [0, 1, 9, 24])
            check(1, length, (keys) => {
              const bytes = new BigUint64Array(1);
              const value = new Float64Array(bytes.buffer);
              for (let k = 0; k < keys.length; k++) {
                const noise = BigInt(Math.floor(random() * 2 ** count)) << BigInt(lowest);
                bytes[0] = 0x3ff0123456789abcn ^ BigInt.asUintN(62, noise);
                keys[k] = value[0]!;
              }
            });
    });
  });
