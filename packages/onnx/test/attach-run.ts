import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';

/** A model of test/models, which tools/exported-model writes. */
export const fixture = (name: string): Uint8Array =>
  Uint8Array.from(readFileSync(join(import.meta.dirname, 'models', `${name}.onnx`)));

type Feeds = Readonly<Record<string, ort.Tensor>>;

/** Runs a model once. */
export async function run(
  model: Uint8Array,
  feeds: Feeds,
  options: ort.InferenceSession.SessionOptions = {},
): Promise<Record<string, ort.Tensor>> {
  const session = await ort.InferenceSession.create(model, { logSeverityLevel: 4, ...options });
  try {
    return { ...(await session.run(feeds)) };
  } finally {
    await session.release();
  }
}

const sizeOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

export const float32 = (shape: readonly number[], data: readonly number[]): ort.Tensor =>
  new ort.Tensor('float32', Float32Array.from(data), shape);
export const float64 = (shape: readonly number[], data: readonly number[]): ort.Tensor =>
  new ort.Tensor('float64', Float64Array.from(data), shape);
export const int64 = (...data: number[]): ort.Tensor =>
  new ort.Tensor('int64', BigInt64Array.from(data, BigInt), [data.length]);

/** Numbers that are not all alike. */
export const some = (...shape: number[]): number[] =>
  Array.from({ length: sizeOf(shape) }, (_, k) => Math.fround(Math.sin(k * 1.7 + 0.3) * 1.5));

export const values = ({ data }: ort.Tensor): number[] => Array.from(data as unknown as ArrayLike<number>, Number);
