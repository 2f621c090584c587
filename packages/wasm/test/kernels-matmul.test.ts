import { describe, expect, test } from 'vitest';
import { emitMatmul, type Matmul, matmulScratch } from '../src/kernels/matmul.ts';
import { Bench, bits, dtypes, fillRandom, randoms, rounding, same } from './kernels.ts';

const random = randoms(7);
const sizes: [rows: number, inner: number, columns: number][] = [
  [0, 3, 4],
  [3, 0, 4],
  [3, 4, 0],
  [1, 1, 1],
  [8, 8, 8],
  [129, 5, 9],
  [5, 257, 7],
  [131, 513, 17],
  [3, 2, 1030],
  [6, 300, 515],
];
const size = (most: number) => Math.floor(random() * most);
for (let k = 0; k < 40; k++) sizes.push([size(22), size(22), size(22)]);
for (let k = 0; k < 2; k++) sizes.push([size(150), size(600), size(40)]);

for (const dtype of dtypes)
  for (const transposeA of [false, true])
    for (const transposeB of [false, true])
      describe(`matmul of ${dtype}, ${transposeA ? 'Aᵀ' : 'A'} · ${transposeB ? 'Bᵀ' : 'B'}`, () => {
        const bench = new Bench();
        const matmul = bench.instance<Matmul>((m) => emitMatmul(m, dtype, { transposeA, transposeB }), 'matmul');

        const run = ([rows, inner, columns]: readonly [number, number, number], rate: number) => {
          bench.clear();
          const [a, b] = [bench.buffer(dtype, rows * inner), bench.buffer(dtype, inner * columns)];
          const [out, parts] = [bench.buffer(dtype, rows * columns), bench.buffer(dtype, rows * columns)];
          const scratch = bench.scratch(matmulScratch(dtype, { transposeA }, { rows, columns, inner }));
          fillRandom(a, random, rate);
          fillRandom(b, random, rate);
          const given = [bits(a), bits(b)];
          const split = Math.floor(random() * (rows + 1));
          for (const [to, begin, end] of [
            [out, 0, rows],
            [parts, split, rows],
            [parts, 0, split],
          ] as const)
            matmul(a.byteOffset, b.byteOffset, to.byteOffset, rows, columns, inner, scratch, begin, end);
          expect(bench.intact()).toBe(true);
          expect(same(bits(a), given[0]!) && same(bits(b), given[1]!)).toBe(true);
          expect(same(bits(parts), bits(out))).toBe(true);
          return { a, b, out };
        };

        test('every size, within the rounding of its partial sums', () => {
          for (const shape of sizes) {
            const [rows, inner, columns] = shape;
            const { a, b, out } = run(shape, 0);
            let worst = 0;
            for (let r = 0; r < rows; r++)
              for (let c = 0; c < columns; c++) {
                let [exact, absolute] = [0, 0];
                for (let k = 0; k < inner; k++) {
                  const term =
                    a[transposeA ? k * rows + r : r * inner + k]! * b[transposeB ? c * inner + k : k * columns + c]!;
                  exact += term;
                  absolute += Math.abs(term);
                }
                const bound = (Math.min(inner, 256) + inner / 256 + 2) * rounding[dtype] * absolute;
                worst = Math.max(worst, Math.abs(out[r * columns + c]! - exact) / (bound + Number.MIN_VALUE));
              }
            expect(worst, shape.join()).toBeLessThanOrEqual(1);
          }
        });

        test('NaN and infinity reach their rows and columns, and no others', () => {
          for (const shape of sizes) {
            const [rows, inner, columns] = shape;
            const { a, b, out } = run(shape, 30);
            for (let r = 0; r < rows; r++)
              for (let c = 0; c < columns; c++) {
                let total = 0;
                for (let k = 0; k < inner; k++)
                  total +=
                    a[transposeA ? k * rows + r : r * inner + k]! * b[transposeB ? c * inner + k : k * columns + c]!;
                const got = out[r * columns + c]!;
                if (Number.isFinite(total) ? !Number.isFinite(got) : !Object.is(got, total))
                  expect.fail(`${shape}: [${r}, ${c}] is ${got}, not ${total}`);
              }
          }
        });
      });
