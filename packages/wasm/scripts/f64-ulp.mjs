// Largest errors of f64Math in ULP, against libquadmath (f64-ulp.c; needs gcc), or instructions and times:
// node packages/wasm/scripts/f64-ulp.mjs [function…] [--points=1000000] [--time]
// A function is a name of ElementaryFunctions, or pow:<exponent>.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const home = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const out = mkdtempSync(path.join(tmpdir(), 'isoloss-f64-'));
process.on('exit', () => rmSync(out, { recursive: true }));
const flags =
  '--ignoreConfig --target es2022 --module nodenext --rewriteRelativeImportExtensions --noCheck --rootDir src';
const sources = ['--outDir', out, 'src/assembler/index.ts', 'src/math/f64.ts'];
execFileSync(path.resolve(home, '../../node_modules/.bin/tsc'), [...flags.split(' '), ...sources], { cwd: home });
writeFileSync(path.join(out, 'package.json'), '{ "type": "module" }');
const load = (file) => import(pathToFileURL(path.join(out, file)).href);
const { ModuleBuilder, i32, v128 } = await load('assembler/index.js');
const { f64Math } = await load('math/f64.js');

/** map(bytes): results of the numbers from 0 on, from 1 MiB on. */
const half = 1 << 20;
function compile(of) {
  const module = new ModuleBuilder();
  module.function({ name: 'map', parameters: ['i32'] }, (code, [bytes]) => {
    const at = code.let(i32.const(0));
    code.countTo(at, bytes, 16, (loop) => loop.store(at, of(loop, loop.let(v128.load(at))), half));
  });
  const memory = new WebAssembly.Memory({ initial: (2 * half) / 65536 });
  const { map } = new WebAssembly.Instance(new WebAssembly.Module(module.bytes()), { env: { memory } }).exports;
  return { map, inputs: new Float64Array(memory.buffer, 0, half / 8) };
}

// sfc32: a period and a state that outlast any number of points, which Math.random's seed, not ours to choose, would not.
let [a, b, c, d] = [1, 2, 3, 4];
const random32 = () => {
  const t = (a + b + d) | 0;
  d = (d + 1) | 0;
  a = b ^ (b >>> 9);
  b = (c + (c << 3)) | 0;
  c = (c << 21) | (c >>> 11);
  c = (c + t) | 0;
  return t >>> 0;
};
const random = () => ((random32() >>> 5) * 2 ** 26 + (random32() >>> 6)) / 2 ** 53;
const uniform = (low, high) => () => low + (high - low) * random();
const powers = (low, high) => () => 2 ** (low + (high - low) * random());
const signed = (of) => () => (random() < 0.5 ? -of() : of());
const everywhere = powers(-1074, 1024);

const samples = {
  exp: [uniform(-1, 1), uniform(-20, 20), uniform(-745.2, 709.8), uniform(-745.2, -700), signed(powers(-60, 10))],
  expm1: [
    uniform(0.3, 0.4),
    uniform(-0.4, -0.3),
    uniform(-1, 1),
    uniform(36, 39),
    uniform(-38, 38),
    signed(powers(-1074, 9.5)),
  ],
  log: [uniform(0.5, 2), uniform(1.3, 1.7), uniform(0, 100), everywhere, uniform(0.6, 0.8)],
  log1p: [uniform(-1, 1), uniform(0.3, 0.5), uniform(-0.4, -0.2), uniform(-1, 10), signed(powers(-60, 0)), everywhere],
  sin: [uniform(-0.8, 0.8), uniform(-8, 8), uniform(-300, 300), uniform(-2e5, 2e5), signed(powers(17, 1024))],
  cos: [uniform(-0.8, 0.8), uniform(-8, 8), uniform(-300, 300), uniform(-2e5, 2e5), signed(powers(17, 1024))],
  atan: [uniform(-1, 1), uniform(0.9, 1.2), uniform(-3, 3), uniform(1, 1.2), signed(everywhere)],
  tanh: [uniform(0.4, 0.7), uniform(-1, 1), uniform(0, 5), uniform(0.55, 0.6), signed(powers(-1074, 5))],
  sigmoid: [
    uniform(-1.5, -1),
    uniform(-38, -35),
    uniform(35, 38),
    uniform(-6, 2),
    uniform(-10, 40),
    uniform(-745, -10),
    signed(powers(-60, 9)),
  ],
  softplus: [
    uniform(-1, 0),
    powers(-30, -3),
    uniform(0, 1),
    uniform(-2, 2),
    uniform(-10, 10),
    uniform(-745, -10),
    signed(powers(-60, 9)),
  ],
};
const samplesOfPow = (exponent) => {
  const width = Math.min(1074, 1074 / Math.abs(exponent));
  return [powers(-width, width), uniform(0.5, 2)];
};

/** The best of many times of a call over 32 KiB, in ns an element. */
function time(of, positive) {
  const { map, inputs } = compile(of);
  for (let k = 0; k < 4096; k++) inputs[k] = ((k * 0.618034) % 1) * 16 - (positive ? 0 : 8);
  for (let k = 0; k < 3000; k++) map(32768);
  let best = Infinity;
  for (let round = 0; round < 200; round++) {
    const before = process.hrtime.bigint();
    for (let k = 0; k < 10; k++) map(32768);
    best = Math.min(best, Number(process.hrtime.bigint() - before) / 10 / 4096);
  }
  return best;
}

/** Vector instructions of a function, without constants: those of V8's listing would count spills too. */
function count(of) {
  const body = [];
  const module = new ModuleBuilder();
  module.function({ parameters: ['v128'], result: 'v128' }, (code, [x]) => {
    const value = of(code, x);
    const out = {
      byte: (value) => body.push(value),
      u32: () => {},
      s32: () => {},
      f64: () => {},
      append: () => body.pop(),
    };
    // A vector instruction begins with 0xfd; numbers, which could look like it, aren't written.
    code.write(out);
    value.write(out);
    return value;
  });
  return body.filter((byte) => byte === 0xfd).length;
}

const words = process.argv.slice(2);
const points = Number(words.find((word) => word.startsWith('--points='))?.slice(9) ?? 1e6);
const names = words.filter((word) => !word.startsWith('--'));
const tool = path.join(out, 'f64-ulp');
if (!words.includes('--time'))
  execFileSync('gcc', ['-O2', '-o', tool, path.join(home, 'scripts/f64-ulp.c'), '-lquadmath', '-lm']);
for (const name of names.length > 0 ? names : [...Object.keys(samples), 'pow:0.7', 'pow:0.75', 'pow:4', 'pow:-3']) {
  const [base, exponent] = name.split(':');
  const of = base === 'pow' ? (code, x) => f64Math.pow(code, x, Number(exponent)) : f64Math[base];
  if (words.includes('--time')) {
    console.log(`${name}: ${count(of)} instructions, ${time(of, /log|pow/.test(base)).toFixed(2)} ns`);
    continue;
  }
  const { map, inputs } = compile(of);
  let [worst, where, wrong] = [0, NaN, 0];
  for (const sample of base === 'pow' ? samplesOfPow(Number(exponent)) : samples[base]) {
    for (let done = 0; done < points; done += inputs.length) {
      for (let k = 0; k < inputs.length; k++) inputs[k] = sample();
      map(half);
      const file = path.join(out, 'points');
      writeFileSync(file, Buffer.concat([Buffer.from(inputs.buffer, 0, half), Buffer.from(inputs.buffer, half, half)]));
      const lines = execFileSync(tool, [base, file, ...(exponent === undefined ? [] : [exponent])], {
        encoding: 'utf8',
      });
      const [error, x, count] = lines.trim().split('\n').at(-1).split(' ').map(Number);
      if (count > 0) console.log(lines.split('\n')[0]);
      wrong += count;
      if (error > worst) [worst, where] = [error, x];
    }
  }
  console.log(`${name}: ${worst.toFixed(4)} ULP at ${where}, ${wrong} special values wrong`);
}
