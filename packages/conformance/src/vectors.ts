import type { ErrorCode, Tensor } from '@isoloss/core';
import { type NumberJSON, numberFromJSON, type TensorJSON, tensorFromJSON } from './tensor-json.ts';

/** A vector file as it is written: `vectors/<id>.json`. */
export interface VectorFileJSON {
  readonly schema: 'isoloss-vectors/1';
  readonly loss: string;
  readonly sources: readonly { readonly name: string; readonly version?: string; readonly [more: string]: unknown }[];
  readonly notes: Readonly<Record<string, { readonly description: string; readonly links: readonly string[] }>>;
  readonly cases: readonly VectorCaseJSON[];
  readonly withdrawn?: readonly (VectorCaseJSON & { readonly reason: string })[];
}

/** A vector as the file has it. */
export interface VectorCaseJSON {
  readonly id: string;
  readonly comment?: string;
  readonly flags: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly expected:
    | { readonly error: ErrorCode }
    | { readonly value: ResultJSON; readonly gradients?: Readonly<Record<string, ResultJSON>> };
  readonly crosscheck?: readonly {
    readonly with: string;
    readonly agrees: boolean;
    readonly cause?: string;
  }[];
}

/** An exact result as the file has it. */
export interface ResultJSON extends TensorJSON {
  /** What the exact value has beyond its nearest float64. */
  readonly low?: readonly number[];
  /** Σ|xᵢ·∂out/∂xᵢ|: by how much rounding the inputs moves the result. */
  readonly sensitivity?: readonly NumberJSON[];
}

/** An exact result: `value + low` to twice float64's digits. */
export interface ExpectedTensor {
  readonly shape: readonly number[];
  readonly value: Float64Array;
  readonly low: Float64Array;
  readonly sensitivity: Float64Array | undefined;
}

/** One case: what is given to a loss, and what it must answer. */
export interface VectorCase {
  readonly id: string;
  readonly loss: string;
  readonly comment: string | undefined;
  readonly flags: readonly string[];
  /** As JSON has them: strings for ∞ and NaN, which options are read from as well. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly expected:
    | { readonly error: ErrorCode }
    | { readonly value: ExpectedTensor; readonly gradients: Readonly<Record<string, ExpectedTensor>> };
  /** Libraries that the oracle was compared with, and why one differs. */
  readonly crosscheck?: VectorCaseJSON['crosscheck'];
}

/** The cases of one loss. */
export interface VectorFile {
  readonly loss: string;
  readonly sources: VectorFileJSON['sources'];
  readonly notes: VectorFileJSON['notes'];
  readonly cases: readonly VectorCase[];
}

/** @throws Error that names the case and what is wrong with it */
export function parseVectors(json: VectorFileJSON): VectorFile {
  if (json.schema !== 'isoloss-vectors/1')
    throw new Error(`vectors of schema ${JSON.stringify(json.schema)}; this version reads isoloss-vectors/1`);
  if (!Array.isArray(json.cases)) throw new Error('vectors need a list of cases');
  return {
    loss: json.loss,
    sources: json.sources,
    notes: json.notes,
    cases: json.cases.map((entry) => {
      try {
        return parseCase(json.loss, entry);
      } catch (error) {
        throw new Error(`${entry.id}: ${(error as Error).message}`, { cause: error });
      }
    }),
  };
}

function parseCase(loss: string, json: VectorCaseJSON): VectorCase {
  const { expected } = json;
  return {
    id: json.id,
    loss,
    comment: json.comment,
    flags: json.flags,
    options: json.options,
    inputs: mapValues(json.inputs, (tensor, name) => tensorFromJSON(tensor, name)),
    expected:
      'error' in expected
        ? { error: expected.error }
        : { value: parseResult(expected.value), gradients: mapValues(expected.gradients ?? {}, parseResult) },
    ...(json.crosscheck === undefined ? {} : { crosscheck: json.crosscheck }),
  };
}

function parseResult(json: ResultJSON): ExpectedTensor {
  const { shape, data } = tensorFromJSON(json, 'expected');
  const value = data as Float64Array;
  // A pair of float64 holds 106 digits: what stands far below them is what the oracle's differences left.
  const low = Float64Array.from(json.low ?? new Float64Array(value.length), (part, k) =>
    Math.abs(part) < 2 ** -107 * Math.abs(value[k]!) ? 0 : part,
  );
  const sensitivity = json.sensitivity && Float64Array.from(json.sensitivity, (s) => numberFromJSON(s) ?? Number.NaN);
  if (low.length !== value.length || (sensitivity !== undefined && sensitivity.length !== value.length))
    throw new Error('low and sensitivity need one number for each of data');
  return { shape, value, low, sensitivity };
}

const mapValues = <A, B>(record: Readonly<Record<string, A>>, fn: (value: A, name: string) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, fn(value, name)]));
