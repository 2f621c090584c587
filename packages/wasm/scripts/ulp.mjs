// Largest errors of the elementary functions, in ULP of the exact result:
// node packages/wasm/scripts/ulp.mjs f32 [function…] [--all] [--time]
// A function is a name of ElementaryFunctions, or pow:<exponent>. --all: every one of the 2^32 inputs (some minutes a
// function), else every 251st. --time: instructions (without constants and variables) and ns an element instead.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const home = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/** The sources, compiled to a directory of their own, so that a stale dist can't lie. */
async function load(type) {
  const out = mkdtempSync(path.join(tmpdir(), 'isoloss-ulp-'));
  const tsc = path.resolve(home, '../../node_modules/.bin/tsc');
  const flags =
    '--ignoreConfig --target es2022 --module nodenext --rewriteRelativeImportExtensions --noCheck --rootDir';
  const files = ['src/assembler/index.ts', `src/math/${type}.ts`];
  const { status, stdout } = spawnSync(tsc, [...flags.split(' '), 'src', '--outDir', out, ...files], {
    cwd: home,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stdout);
  writeFileSync(path.join(out, 'package.json'), '{ "type": "module" }');
  const [assembler, math] = await Promise.all(
    ['assembler/index.js', `math/${type}.js`].map((file) => import(pathToFileURL(path.join(out, file)).href)),
  );
  rmSync(out, { recursive: true });
  return { assembler, ...math };
}

const references = {
  exp: Math.exp,
  expm1: Math.expm1,
  log: Math.log,
  log1p: Math.log1p,
  sin: Math.sin,
  cos: Math.cos,
  atan: Math.atan,
  tanh: Math.tanh,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  add: (x) => x + 1,
};

const fromTo = 1 << 20;

/** map(from, to, bytes) over memory, and the instructions of the function. */
function compile({ ModuleBuilder, i32, v128 }, fn) {
  const module = new ModuleBuilder();
  module.function({ name: 'one', parameters: ['v128'], result: 'v128' }, (code, [x]) => fn(code, x));
  module.function({ name: 'map', parameters: ['i32', 'i32', 'i32'] }, (code, [from, to, bytes]) => {
    const at = code.let(i32.const(0));
    code.countTo(at, bytes, 16, (loop) => {
      const x = loop.let(v128.load(i32.add(from, at)));
      loop.store(i32.add(to, at), fn(loop, x));
    });
  });
  const memory = new WebAssembly.Memory({ initial: 4 + (2 * 4 * fromTo) / 65536 });
  const bytes = module.bytes();
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  return { map: exports.map, memory };
}

/** How many instructions a function appends: its tree, without constants and reads of variables. */
function count({ ModuleBuilder }, fn) {
  const sizes = { 32: 1, 33: 1, 65: 1 };
  let total = 0;
  new ModuleBuilder().function({ parameters: ['v128'], result: 'v128' }, (code, [x]) => {
    const value = fn(code, x);
    const bytes = [];
    const out = { byte: (b) => bytes.push(b), append: (all) => bytes.push(...all) };
    out.u32 = (n) => {
      for (let rest = n; ; rest >>>= 7) {
        bytes.push(rest > 127 ? (rest & 127) | 128 : rest);
        if (rest <= 127) break;
      }
    };
    out.s32 = (n) => out.u32(n & 127);
    code.write(out);
    value.write(out);
    for (let at = 0; at < bytes.length; ) {
      const read = () => {
        let n = 0;
        for (let shift = 0; ; shift += 7) {
          const byte = bytes[at++];
          n |= (byte & 127) << shift;
          if (byte < 128) return n;
        }
      };
      const opcode = bytes[at++];
      if (sizes[opcode]) read();
      else if (opcode !== 0xfd) total++;
      else {
        const simd = read();
        if (simd === 0x0c) at += 16;
        else total++;
        if (simd === 0x0d) at += 16;
        else if (simd >= 0x15 && simd <= 0x22) at++;
      }
    }
    return value;
  });
  return total;
}

/** Calls visit(input, output) over every `stride`th f32. */
function sweep({ map, memory }, stride, visit) {
  const from = 65536;
  const to = from + 4 * fromTo;
  const ints = new Uint32Array(memory.buffer, from, fromTo);
  const inputs = new Float32Array(memory.buffer, from, fromTo);
  const outputs = new Float32Array(memory.buffer, to, fromTo);
  for (let start = 0; start < 2 ** 32; start += stride * fromTo) {
    const size = Math.min(fromTo, Math.ceil((2 ** 32 - start) / stride));
    for (let k = 0; k < size; k++) ints[k] = start + k * stride;
    map(from, to, 4 * ((size + 3) & ~3));
    visit(inputs, outputs, size);
  }
}

function largest(compiled, reference, stride) {
  const parts = new Float64Array(1);
  const words = new Uint32Array(parts.buffer);
  const unit = Float64Array.from({ length: 2048 }, (_, e) => 2 ** (Math.max(e - 1023, -126) - 23));
  const overflow = 2 ** 128 - 2 ** 103;
  let worst = 0;
  let where = NaN;
  const wrong = [];
  sweep(compiled, stride, (inputs, outputs, size) => {
    for (let k = 0; k < size; k++) {
      const exact = reference(inputs[k]);
      const got = outputs[k];
      parts[0] = exact;
      // An overflow too early is as wrong as the next number would be.
      const finite = Math.abs(got) === Infinity && Math.abs(exact) < overflow ? Math.sign(got) * 2 ** 128 : got;
      const error = Math.abs(finite - exact) / unit[(words[1] >>> 20) & 2047];
      if (error > worst && error < Infinity) {
        worst = error;
        where = inputs[k];
      }
      if (error < 1e9 && (exact !== 0 || Object.is(got, exact))) continue;
      if (Object.is(got, exact) || (Math.abs(exact) >= overflow && got === Math.sign(exact) * Infinity)) continue;
      wrong.push([inputs[k], got, exact]);
    }
  });
  return { worst, where, wrong };
}

function time(compiled, inputs) {
  const { map, memory } = compiled;
  const from = 65536;
  const bytes = 32768;
  const to = from + bytes;
  new Float32Array(memory.buffer, from, bytes / 4).set(inputs);
  for (let k = 0; k < 3000; k++) map(from, to, bytes);
  let best = Infinity;
  for (let round = 0; round < 20; round++) {
    const before = process.hrtime.bigint();
    for (let k = 0; k < 200; k++) map(from, to, bytes);
    best = Math.min(best, Number(process.hrtime.bigint() - before) / 200 / (bytes / 4));
  }
  return best;
}

const [type, ...rest] = process.argv.slice(2);
const flags = rest.filter((word) => word.startsWith('--'));
const names = rest.filter((word) => !word.startsWith('--'));
if (type !== 'f32') throw new Error('usage: ulp.mjs f32 [function…] [--all] [--time]');
const { assembler, f32Math } = await load(type);
const all = [...Object.keys(f32Math).filter((name) => name !== 'pow'), ...(f32Math.pow ? ['pow:2.5', 'pow:-0.7'] : [])];
for (const name of names.length > 0 ? names : all) {
  const [base, exponent] = name.split(':');
  const fn =
    base === 'add'
      ? (_, x) => assembler.f32x4.add(x, assembler.f32x4.const(1))
      : base === 'pow'
        ? (code, x) => f32Math.pow(code, x, Number(exponent))
        : f32Math[base];
  const reference = base === 'pow' ? (x) => x ** Number(exponent) : references[base];
  const compiled = compile(assembler, fn);
  if (flags.includes('--time')) {
    const positive = base.startsWith('log') || base === 'pow';
    const inputs = Float32Array.from({ length: 8192 }, (_, k) => ((k * 0.618034) % 1) * 16 - (positive ? 0 : 8));
    console.log(`${name}: ${count(assembler, fn)} instructions, ${time(compiled, inputs).toFixed(3)} ns`);
    continue;
  }
  const began = performance.now();
  const { worst, where, wrong } = largest(compiled, reference, flags.includes('--all') ? 1 : 251);
  const seconds = ((performance.now() - began) / 1000).toFixed(0);
  console.log(`${name}: ${worst.toFixed(4)} ULP at ${where}; ${wrong.length} special values wrong (${seconds} s)`);
  for (const [x, got, exact] of wrong.slice(0, 10)) console.log(' ', x, 'gives', got, 'not', exact);
}
