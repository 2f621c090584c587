import {
  checkInputs,
  checkValues,
  type FloatDType,
  type Loss,
  type LossInputs,
  type LossResult,
  lowered,
  type ResolvedInput,
  type Sizes,
  signatureKey,
  type Tensor,
  trace,
} from '@isoloss/core';
import { kept } from './compile/rewrite.ts';
import { defaultEngine, engineOf, type WasmEngine } from './engine.ts';
import { type Into, load, type Ready } from './program.ts';

/** What a loss computes, and where. */
export interface WasmLossOptions {
  /** `float32` (the default) or `float64`. */
  readonly dtype?: FloatDType;
  /** Inputs whose gradients are computed with the value. */
  readonly gradients?: readonly string[];
  /** Memory and threads; without it, a memory that all such losses share, and one thread. */
  readonly engine?: WasmEngine;
}

/** A loss that runs at once, in float32 or float64. */
export interface WasmLoss {
  /**
   * Value and gradients, at once. Compiles when it meets a combination of ranks for the first time.
   *
   * `into` says where to write results: tensors of the right dtype and length, which are then the results. With them,
   * and tensors of the same shapes, nothing large is allocated.
   * @throws LossInputError if an input is bad; nothing is computed then
   * @throws RangeError for a tensor of `into` that doesn't fit
   */
  run(inputs: LossInputs, into?: Into): LossResult;
  /** Gives back what it keeps. */
  dispose(): void;
}

/** What is known of the last inputs: the same shapes need no second look. */
interface Known {
  readonly names: readonly string[];
  readonly dtypes: readonly Tensor['dtype'][];
  readonly shapes: readonly (readonly number[])[];
  readonly resolved: readonly ResolvedInput[];
  readonly sizes: Sizes;
  readonly ready: Ready;
}

/**
 * A loss in WebAssembly, synchronously.
 *
 * @example
 * const loss = wasmLoss(crossEntropy(), { gradients: ['input'] });
 * const { value, gradients } = loss.run({ input: [[1, 2, 3]], target: [2] });
 * @throws UnsupportedError where there is no WebAssembly with vectors: use `evaluate` of `@isoloss/core`
 */
export function wasmLoss(loss: Loss, options: WasmLossOptions = {}): WasmLoss {
  const { dtype = 'float32', gradients = [] } = options;
  const engine = engineOf(options.engine ?? defaultEngine());
  const programs = new Map<string, Ready>();
  let last: Known | undefined;
  return {
    run(inputs, into) {
      if (last !== undefined && isLike(inputs, last)) {
        const tensors = inputs as Readonly<Record<string, Tensor>>;
        for (const input of last.resolved) checkValues(loss, input, tensors, last.resolved, last.sizes);
        return last.ready.run(tensors, last.sizes, into);
      }
      const { tensors, resolved, signature, sizes } = checkInputs(loss, inputs, dtype);
      const key = signatureKey(signature);
      let ready = programs.get(key);
      if (ready === undefined) {
        ready = load(engine, lowered(trace(loss, { signature, gradients }), kept), dtype);
        programs.set(key, ready);
      }
      const names = Object.keys(tensors);
      last = {
        names,
        dtypes: names.map((name) => tensors[name]!.dtype),
        shapes: names.map((name) => [...tensors[name]!.shape]),
        resolved,
        sizes,
        ready,
      };
      return ready.run(tensors, sizes, into);
    },
    dispose() {
      for (const ready of programs.values()) ready.dispose();
      programs.clear();
      last = undefined;
    },
  };
}

/** Whether inputs are tensors like the last ones in all but their numbers. */
function isLike(inputs: LossInputs, { names, dtypes, shapes }: Known): boolean {
  let count = 0;
  for (const name in inputs) if (inputs[name] !== undefined) count++;
  if (count !== names.length) return false;
  for (let k = 0; k < names.length; k++) {
    const given = inputs[names[k]!] as Tensor | undefined;
    if (given === undefined || given === null || typeof given !== 'object' || given.dtype !== dtypes[k]) return false;
    const { shape, data } = given;
    const wanted = shapes[k]!;
    if (!ArrayBuffer.isView(data) || shape.length !== wanted.length) return false;
    let size = 1;
    for (let axis = 0; axis < wanted.length; axis++) {
      if (shape[axis] !== wanted[axis]) return false;
      size *= wanted[axis]!;
    }
    if (data.length !== size || data.constructor !== arrays[given.dtype]) return false;
    // The only dtype whose arrays hold what it has no meaning for: the second look says so.
    if (given.dtype === 'bool') for (let at = 0; at < size; at++) if (data[at]! > 1) return false;
  }
  return true;
}

const arrays = { float32: Float32Array, float64: Float64Array, int32: Int32Array, bool: Uint8Array } as const;
