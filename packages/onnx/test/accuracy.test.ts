import { type Expr, type FloatDType, make } from '@isoloss/core';
import * as node from 'onnxruntime-node';
import * as web from 'onnxruntime-web';
import { describe, expect, test } from 'vitest';
import { onnxBackend } from '../src/index.ts';
import type { OrtModule } from '../src/session.ts';
import { float, runOnnx, ulps } from './run.ts';

const x = make('input', [], { name: 'x', type: { dtype: 'float', shape: ['N'] } }) as Expr;
const points = 40_000;

/** Points of an interval, evenly or by their order of magnitude. */
const even = (from: number, to: number): number[] =>
  Array.from({ length: points }, (_, k) => from + ((to - from) * (k + 0.37)) / points);
const magnitudes = (from: number, to: number): number[] => even(Math.log(from), Math.log(to)).map(Math.exp);
const signed = (values: number[]): number[] => values.map((value, k) => (k % 2 === 0 ? value : -value));

/** What a subnormal result loses is not the function's fault: relative errors are judged above it. */
const normal = { float32: 2 ** -126, float64: 2 ** -1022 } as const;

// Math.* of V8 is itself within 1 ULP; that is in the limits for float64.
const functions = {
  exp: { value: x.exp(), of: Math.exp, at: { float32: even(-87.3, 88.7), float64: even(-708, 709) } },
  log: {
    value: x.log(),
    of: Math.log,
    at: {
      float32: [...magnitudes(1e-37, 1e38), ...even(0.5, 2)],
      float64: [...magnitudes(1e-300, 1e300), ...even(0.5, 2)],
    },
  },
  log1p: {
    value: x.log1p(),
    of: Math.log1p,
    at: {
      float32: [...signed(magnitudes(1e-37, 1)), ...magnitudes(1, 1e38), ...even(-0.9999, 2)],
      float64: [...signed(magnitudes(1e-300, 1)), ...magnitudes(1, 1e300), ...even(-0.9999, 2)],
    },
  },
  expm1: {
    value: x.expm1(),
    of: Math.expm1,
    at: {
      float32: [...signed(magnitudes(1e-37, 1)), ...even(-20, 88.7)],
      float64: [...signed(magnitudes(1e-300, 1)), ...even(-45, 709)],
    },
  },
  atan: {
    value: x.atan(),
    of: Math.atan,
    at: {
      float32: [...signed(magnitudes(1e-37, 1e38)), ...even(-4, 4)],
      float64: [...signed(magnitudes(1e-300, 1e300)), ...even(-4, 4)],
    },
  },
  sin: {
    value: x.sin(),
    of: Math.sin,
    at: { float32: even(-6.3, 6.3), float64: [...signed(magnitudes(1e-300, 1)), ...even(-6.3, 6.3)] },
  },
  cos: { value: x.cos(), of: Math.cos, at: { float32: even(-6.3, 6.3), float64: even(-6.3, 6.3) } },
  pow: {
    value: x.pow(1.5),
    of: (value: number) => value ** 1.5,
    at: { float32: magnitudes(1e-24, 1e25), float64: magnitudes(1e-200, 1e200) },
  },
} as const;

// One thread: workers of onnxruntime-web would keep this process alive.
web.env.wasm.numThreads = 1;
const runtimes: Readonly<Record<string, OrtModule>> = { node: node as OrtModule, web: web as OrtModule };
const everywhere = Object.keys(runtimes).flatMap((name) =>
  (['float32', 'float64'] as const).map((dtype): [string, FloatDType] => [name, dtype]),
);

describe.each(everywhere)('accuracy on onnxruntime-%s in %s', (runtime, dtype) => {
  const ort = runtimes[runtime]!;
  test.each(Object.entries(functions))('%s is within what the backend says', async (name, { value, of, at }) => {
    const { accuracy } = await onnxBackend({ ort }).describe();
    const data = at[dtype].map((point) => (dtype === 'float32' ? Math.fround(point) : point));
    for (const graphOptimizationLevel of ['all', 'disabled'] as const) {
      const given = { x: float([data.length], data) };
      const [got] = await runOnnx({ value }, given, dtype, { graphOptimizationLevel }, ort);
      let worst = { ulps: 0, x: 0 };
      data.forEach((point, k) => {
        const exact = of(point);
        if (Math.abs(exact) < normal[dtype]) return;
        const distance = ulps(got!.data[k]!, exact, dtype);
        if (distance > worst.ulps) worst = { ulps: distance, x: point };
      });
      if (process.env.SHOW_ACCURACY) console.log(name, dtype, graphOptimizationLevel, worst);
      expect(worst.ulps, `at ${worst.x}`).toBeLessThanOrEqual(accuracy![name]!);
    }
  });
});

test('the composed float64 atan is within 2 ULP', async () => {
  const { at } = functions.atan;
  const bounds = [0.66, 1 + Math.SQRT2].flatMap((edge) => [edge, edge * (1 + 2 ** -52), edge * (1 - 2 ** -52)]);
  const data = signed([...at.float64, ...bounds, ...bounds]);
  const [got] = await runOnnx({ value: x.atan() }, { x: float([data.length], data) }, 'float64');
  const distances = data.map((point, k) => ulps(got!.data[k]!, Math.atan(point), 'float64'));
  expect(distances.reduce((worst, d) => Math.max(worst, d), 0)).toBeLessThanOrEqual(2);
});
