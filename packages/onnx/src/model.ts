import { type FloatDType, type Loss, lowered, type Program, type Signature, trace, version } from '@isoloss/core';
import { kept } from './lower.ts';
import { programGraph } from './program.ts';
import { encodeModel } from './proto.ts';

/** Reads in ONNX Runtime 1.14 and later, on servers, phones and in browsers. */
export const usualOpset = 18;
const irVersion = 8;

/** What a model takes and gives. */
export interface OnnxModelOptions {
  /**
   * The inputs that the model takes, by name, each with its rank; sizes stay symbolic. An input that broadcasts (a
   * weight, a mask) also says which of its axes are 1: `{ rank: 2, ones: [0] }`.
   */
  readonly inputs: Readonly<Record<string, number>> | Signature;
  /** What the model computes in. Default float32. */
  readonly dtype?: FloatDType;
  /** Inputs whose gradients are outputs of the model, as `d_<input>`. */
  readonly gradients?: readonly string[];
  /** Adds the input `upstream`, of the value's shape: the gradients become those of sum(value · upstream). */
  readonly upstream?: boolean;
  /** Element type of labels and lengths. Default int64, what exporters of models use. */
  readonly labels?: 'int32' | 'int64';
  /**
   * What is checked nowhere else: with `guard`, which is the default, an illegal label makes its element's value and gradient
   * NaN (ONNX can't refuse a value), and a shape that does not fit is an error; without, the caller must have checked both.
   */
  readonly guard?: boolean;
}

/** Ranks, or a signature, as a signature. */
export const toSignature = (inputs: OnnxModelOptions['inputs']): Signature =>
  Object.fromEntries(
    Object.entries(inputs).map(([name, entry]) => [name, typeof entry === 'number' ? { rank: entry } : entry]),
  );

/**
 * A loss, with gradients if asked, as the bytes of an ONNX model.
 *
 * The model has the loss's inputs under their names, with symbolic sizes (one model for every batch size), and the
 * outputs `value` and `d_<input>`. Metadata (`isoloss.loss`, `isoloss.options`, …) say what it is. The same arguments give the
 * same bytes.
 *
 * @example
 * const model = toOnnx(crossEntropy(), { inputs: { input: 2, target: 1 }, gradients: ['input'] });
 * await writeFile('cross-entropy.onnx', model); // in: input (N, C), target (N); out: value (), d_input (N, C)
 * @throws LossInputError UNKNOWN_INPUT, MISSING_INPUT, RANK_MISMATCH, NOT_DIFFERENTIABLE
 */
export function toOnnx(loss: Loss, options: OnnxModelOptions): Uint8Array {
  const { inputs, dtype = 'float32', gradients = [], upstream = false, labels = 'int64', guard = true } = options;
  const program = lowered(trace(loss, { signature: toSignature(inputs), gradients, upstream, guard }), kept);
  const metadata = { upstream: String(upstream), guard: String(guard) };
  return programModel(program, { dtype, labels, metadata, checkShapes: guard });
}

/** A traced and lowered program as the bytes of an ONNX model. */
export function programModel(
  program: Program,
  {
    dtype,
    labels,
    metadata = {},
    opset = usualOpset,
    checkShapes = false,
  }: {
    dtype: FloatDType;
    labels: 'int32' | 'int64';
    metadata?: Readonly<Record<string, string>>;
    opset?: number;
    checkShapes?: boolean;
  },
): Uint8Array {
  const { loss, gradients } = program;
  const { id, definition } = loss;
  const about = definition.about;
  return encodeModel({
    irVersion,
    opset,
    producer: 'isoloss',
    producerVersion: version,
    documentation: about === undefined ? id : `${about.summary} ${about.formula}`,
    metadata: {
      'isoloss.version': version,
      'isoloss.loss': id,
      'isoloss.options': jsonOf(loss.options),
      ...(about === undefined ? {} : { 'isoloss.formula': about.formula }),
      'isoloss.gradients': Object.keys(gradients).join(' '),
      ...Object.fromEntries(Object.entries(metadata).map(([key, value]) => [`isoloss.${key}`, value])),
    },
    graph: programGraph(program, { float: dtype, labels, opset, checkShapes }),
  });
}

/** JSON in which what it has no number for is a string. */
export const jsonOf = (entry: unknown): string =>
  JSON.stringify(entry, (_, value) => (typeof value === 'number' && !Number.isFinite(value) ? String(value) : value));
