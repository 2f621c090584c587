import { type FloatDType, UnsupportedError } from '@isoloss/core';
import type { InferenceSession, Tensor as OrtTensor, TypedTensor } from 'onnxruntime-common';

/** What we use of a package that runs ONNX: `onnxruntime-node`, `onnxruntime-web`, `onnxruntime-react-native`. */
export interface OrtModule {
  readonly InferenceSession: {
    create(model: Uint8Array, options?: InferenceSession.SessionOptions): Promise<InferenceSession>;
  };
  readonly Tensor: typeof OrtTensor;
  readonly env?: { readonly versions: Readonly<Partial<Record<'common' | 'node' | 'web', string>>> };
}

/** Options of a session, as ONNX Runtime has them. */
export type SessionOptions = InferenceSession.SessionOptions;

/** Only what is fatal is logged; everything else comes back as an error, and a terminal stays clean. */
const quiet = { logSeverityLevel: 4 } as const;

/**
 * A session for a model.
 * @throws UnsupportedError if the runtime refuses it
 */
export async function openSession(
  ort: OrtModule,
  model: Uint8Array,
  options: SessionOptions,
): Promise<InferenceSession> {
  try {
    return await ort.InferenceSession.create(model, { ...quiet, ...options });
  } catch (error) {
    throw new UnsupportedError(`ONNX Runtime does not load the model: ${oneLine(error)}`);
  }
}

/** Runs a session; what goes wrong inside the runtime is an Error of one line. */
export async function runSession(
  session: InferenceSession,
  feeds: Readonly<Record<string, OrtTensor>>,
): Promise<Readonly<Record<string, OrtTensor>>> {
  try {
    return (await session.run(feeds, quiet)) as Readonly<Record<string, OrtTensor>>;
  } catch (error) {
    throw new Error(`ONNX Runtime failed: ${oneLine(error)}`);
  }
}

const oneLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ').trim().slice(0, 400);

/** Data of a result, which has the dtype that its model says. */
export function floatData(tensor: OrtTensor, dtype: FloatDType): Float32Array | Float64Array {
  const { data } = tensor as TypedTensor<FloatDType>;
  if (tensor.type !== dtype) throw new Error(`ONNX Runtime gave ${tensor.type} where the model says ${dtype}`);
  return data;
}
