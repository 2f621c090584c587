import {
  type Expr,
  expand,
  type FloatDType,
  huber,
  interpreter,
  type NDArray,
  type Program,
  type ResolvedInput,
  simplify,
  topological,
} from '@isoloss/core';
import * as ort from 'onnxruntime-node';
import { programModel } from '../src/model.ts';
import { type OrtModule, openSession, runSession, type SessionOptions } from '../src/session.ts';

type Values = Readonly<Record<string, NDArray>>;

/** The inputs that a graph has, in a program as a backend gets it. */
export function programOf(outputs: Readonly<Record<string, Expr>>): Program {
  const inputs: ResolvedInput[] = topological(Object.values(outputs)).flatMap((node) => {
    if (node.op !== 'input') return [];
    const { name } = (node as Expr<'input'>).attributes;
    const spec = { kind: 'float', shape: '', optional: false, broadcast: false, checked: false } as const;
    return [{ name, type: node.type, full: node.shape, spec }];
  });
  const [value, ...rest] = Object.entries(outputs);
  return { loss: huber(), inputs, value: value![1], gradients: Object.fromEntries(rest) };
}

/** Runs a graph of primitives on ONNX Runtime; values are those of the reference interpreter's arrays. */
export async function runOnnx(
  outputs: Readonly<Record<string, Expr>>,
  given: Values,
  dtype: FloatDType,
  options: SessionOptions = {},
  runtime = ort as OrtModule,
): Promise<NDArray[]> {
  const program = programOf(outputs);
  const model = programModel(program, { dtype, labels: 'int32' });
  const session = await openSession(runtime, model, { intraOpNumThreads: 1, ...options });
  const float = dtype === 'float32' ? Float32Array : Float64Array;
  const feeds = Object.fromEntries(
    program.inputs.map(({ name, type }) => {
      const { shape, data } = given[name]!;
      if (type.dtype === 'int') return [name, new runtime.Tensor('int32', Int32Array.from(data), shape)];
      if (type.dtype === 'bool') return [name, new runtime.Tensor('bool', Uint8Array.from(data), shape)];
      return [name, new runtime.Tensor(dtype as 'float32', float.from(data) as Float32Array, shape)];
    }),
  );
  const results = await runSession(session, feeds);
  await session.release();
  return ['value', ...Object.keys(program.gradients).map((name) => `d_${name}`)].map((name) => {
    const { dims, data } = results[name]!;
    return { shape: dims, data: Float64Array.from(data as unknown as ArrayLike<number>, Number) };
  });
}

/** The same by the reference interpreter, with inputs and results rounded as the dtype has it. */
export function runReference(
  outputs: Readonly<Record<string, Expr>>,
  given: Values,
  dtype: FloatDType,
  sizes: Readonly<Record<string, number>>,
): NDArray[] {
  const round = (array: NDArray): NDArray =>
    dtype === 'float32' && array.data instanceof Float64Array
      ? { shape: array.shape, data: array.data.map(Math.fround) }
      : array;
  const inputs = new Map(Object.entries(given).map(([name, array]) => [name, round(array)]));
  return interpreter(simplify(expand(Object.values(outputs))))(inputs, new Map(Object.entries(sizes))).map(round);
}

export const float = (shape: readonly number[], data: readonly number[]): NDArray => ({
  shape,
  data: Float64Array.from(data),
});
export const int = (shape: readonly number[], data: readonly number[]): NDArray => ({
  shape,
  data: Int32Array.from(data),
});
export const bool = (shape: readonly number[], data: readonly number[]): NDArray => ({
  shape,
  data: Uint8Array.from(data),
});

/** Distance in units in the last place of what was expected; 0 for the same number or NaN for NaN, ∞ where one is not finite. */
export function ulps(got: number, expected: number, dtype: FloatDType): number {
  if (got === expected || (Number.isNaN(got) && Number.isNaN(expected))) return 0;
  if (!Number.isFinite(got) || !Number.isFinite(expected)) return Number.POSITIVE_INFINITY;
  const [digits, smallest] = dtype === 'float32' ? [23, -149] : [52, -1074];
  const exponent = Math.max(Math.floor(Math.log2(Math.abs(expected))) - digits, smallest);
  return expected === 0 ? Math.abs(got) / 2 ** smallest : Math.abs(got - expected) / 2 ** exponent;
}
