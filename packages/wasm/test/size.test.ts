import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { bundled, removeBundles } from './bundle.ts';

afterAll(removeBundles);

/** Bytes of a minified bundle for browsers, gzipped as servers do. */
async function gzipped(program: string, external: string[] = []): Promise<number> {
  const file = await bundled(program, { platform: 'browser', minify: true, legalComments: 'none', external });
  return gzipSync(readFileSync(file), { level: 9 }).length;
}
const kB = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`;

test('the engine is less than 60 kB', async () => {
  const engine = await gzipped("export * from '@isoloss/wasm';", ['@isoloss/core']);
  const whole = await gzipped("export { wasmLoss } from '@isoloss/wasm'; export { huber } from '@isoloss/core';");
  console.info(`@isoloss/wasm: ${kB(engine)} minified and gzipped; with a loss, the graph and zod: ${kB(whole)}`);
  expect(engine).toBeLessThan(60_000);
  // So small that something must have been left out.
  expect(engine).toBeGreaterThan(10_000);
});

test('a first result in a fresh process', async () => {
  const file = await bundled(
    `import { huber } from '@isoloss/core';
    import { wasmLoss } from '@isoloss/wasm';
    const data = { input: new Float32Array(1000), target: new Float32Array(1000) };
    const start = performance.now();
    const first = wasmLoss(huber(), { gradients: ['input'] }).run(data);
    const between = performance.now();
    wasmLoss(huber({ delta: 2 }), { gradients: ['input'] }).run(data);
    const end = performance.now();
    if (first.gradients.input.data.length === 1000) console.log(between - start, end - between);`,
    { platform: 'node' },
  );
  const times = Array.from({ length: 5 }, () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [file], { encoding: 'utf8' });
    expect(status, stderr).toBe(0);
    return stdout.trim().split(' ').map(Number) as [number, number];
  });
  const least = (k: 0 | 1) => Math.min(...times.map((each) => each[k])).toFixed(1);
  console.info(`from the import to a first result: ${least(0)} ms; to that of a second loss: ${least(1)} ms`);
  // No more than a mistake would cost: other processes share the machine.
  expect(Number(least(0))).toBeLessThan(2000);
});
