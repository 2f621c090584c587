import { describe, expect, test } from 'vitest';
import { type Cumsum, emitCumsum } from '../src/kernels/cumsum.ts';
import { emitTranspose, type Transpose } from '../src/kernels/transpose.ts';
import { Bench, bits, dtypes, fillRandom, randoms, rounding, same } from './kernels.ts';

const random = randoms(13);
const size = (most: number) => Math.floor(random() * most);

for (const dtype of dtypes) {
  for (const exclusive of [false, true])
    for (const reverse of [false, true])
      describe(`cumsum of ${dtype}${exclusive ? ', exclusive' : ''}${reverse ? ', reversed' : ''}`, () => {
        const bench = new Bench(128);
        const cumsum = bench.instance<Cumsum>((m) => emitCumsum(m, dtype, { exclusive, reverse }), 'cumsum');
        const run = (
          [outer, length, inner]: readonly [number, number, number],
          fill: (x: Float32Array | Float64Array) => void,
        ) => {
          bench.clear();
          const count = outer * length * inner;
          const [x, out, parts] = [bench.buffer(dtype, count), bench.buffer(dtype, count), bench.buffer(dtype, count)];
          fill(x);
          const given = bits(x);
          const split = size(outer + 1);
          cumsum(x.byteOffset, out.byteOffset, length, inner, 0, outer);
          cumsum(x.byteOffset, parts.byteOffset, length, inner, split, outer);
          cumsum(x.byteOffset, parts.byteOffset, length, inner, 0, split);
          expect(bench.intact()).toBe(true);
          expect(same(bits(x), given) && same(bits(parts), bits(out))).toBe(true);
          cumsum(parts.byteOffset, parts.byteOffset, length, inner, 0, 0);
          parts.set(x);
          cumsum(parts.byteOffset, parts.byteOffset, length, inner, 0, outer);
          expect(same(bits(parts), bits(out))).toBe(true);
          return { x, out };
        };
        /** Visits the elements of each line in their order, with their positions. */
        const eachLine = (
          [outer, length, inner]: readonly [number, number, number],
          visit: (positions: readonly number[]) => void,
        ) => {
          for (let o = 0; o < outer; o++)
            for (let i = 0; i < inner; i++)
              visit(Array.from({ length }, (_, k) => (o * length + (reverse ? length - 1 - k : k)) * inner + i));
        };

        const shapes: [number, number, number][] = [
          [0, 3, 2],
          [2, 0, 3],
          [2, 3, 0],
          [1, 1, 1],
          [3, 5, 33],
          [2, 4, 37],
        ];
        for (let k = 0; k < 60; k++) shapes.push([size(5), size(20), size(30)]);

        test('every shape, with NaN and infinity', () => {
          for (const shape of shapes)
            for (const rate of [0, 12]) {
              const { x, out } = run(shape, (data) => fillRandom(data, random, rate));
              eachLine(shape, (positions) => {
                let [total, absolute] = [0, 0];
                for (const at of positions) {
                  const want = exclusive ? total : total + x[at]!;
                  total += x[at]!;
                  const got = out[at]!;
                  const near =
                    Math.abs(got - want) <=
                    2 * rounding[dtype] * Math.abs(want) + 20 * 2 ** -53 * (absolute + Math.abs(want));
                  if (!Object.is(got, want) && !near) expect.fail(`${shape}: ${got}, not ${want}`);
                  absolute += Math.abs(x[at]!);
                }
              });
            }
        });

        test('errors do not grow with the length', () => {
          for (const shape of [
            [1, 200_000, 1],
            [1, 20_000, 9],
          ] as const) {
            const { x, out } = run(shape, (data) => {
              for (let k = 0; k < data.length; k++) data[k] = random() + random() * 2 ** -32 - 0.4;
            });
            eachLine(shape, (positions) => {
              // As whole multiples of 2^-100, which all of these numbers are.
              let [total, absolute, worst] = [0n, 0, 0];
              for (const at of positions) {
                const before = total;
                total += BigInt(x[at]! * 2 ** 100);
                const want = Number(exclusive ? before : total) / 2 ** 100;
                absolute += Math.abs(x[at]!);
                const own = 1.01 * rounding[dtype] * Math.abs(want);
                const grown = (dtype === 'float32' ? 2 ** -44 : 2 ** -85) * absolute;
                worst = Math.max(worst, Math.abs(out[at]! - want) / (own + grown));
              }
              expect(worst).toBeLessThanOrEqual(1);
            });
          }
        });
      });

  test(`transpose of ${dtype}`, () => {
    const bench = new Bench();
    const transpose = bench.instance<Transpose>((m) => emitTranspose(m, dtype), 'transpose');
    const shapes = [
      [0, 3, 2],
      [2, 0, 3],
      [2, 3, 0],
      [1, 1, 1],
      [2, 64, 33],
      [1, 67, 130],
    ];
    for (let k = 0; k < 150; k++) shapes.push([size(4), size(40), size(40)]);
    for (const [batch, rows, columns] of shapes as [number, number, number][]) {
      bench.clear();
      const [x, out, parts] = [0, 1, 2].map(() => bench.buffer(dtype, batch * rows * columns)) as [
        Float32Array,
        Float32Array,
        Float32Array,
      ];
      fillRandom(x, random, 9);
      const split = size(batch + 1);
      transpose(x.byteOffset, out.byteOffset, rows, columns, 0, batch);
      transpose(x.byteOffset, parts.byteOffset, rows, columns, split, batch);
      transpose(x.byteOffset, parts.byteOffset, rows, columns, 0, split);
      expect(bench.intact()).toBe(true);
      const want = out.slice();
      for (let b = 0; b < batch; b++)
        for (let r = 0; r < rows; r++)
          for (let c = 0; c < columns; c++) want[(b * columns + c) * rows + r] = x[(b * rows + r) * columns + c]!;
      expect(same(bits(out), bits(want)) && same(bits(parts), bits(want)), `${batch} x ${rows} x ${columns}`).toBe(
        true,
      );
    }
  });
}
