import { type Backend, defineBackend, type FloatDType, type LossResult } from './backend.ts';
import type { Sizes } from './graph/dim.ts';
import { interpreter } from './graph/evaluate.ts';
import type { NDArray } from './graph/ndarray.ts';
import { checkInputs, type LossInputs } from './loss/check.ts';
import type { Loss } from './loss/define.ts';
import { lowered, outputsOf, type Program, trace } from './loss/trace.ts';
import { type Tensor, typedArray } from './tensor.ts';
import { version } from './version.ts';

/** The reference: every primitive as its own f64 loop, rounded once at the end. The meaning of a loss, not its speed. */
export function referenceBackend(): Backend {
  return defineBackend({
    id: 'reference',
    describe: () => ({
      id: 'reference',
      language: 'typescript',
      version,
      runtime: 'isoloss reference interpreter',
      dtypes: ['float32', 'float64'],
      device: 'cpu',
      // Math.* of JavaScript engines, measured against 50 digits; sums are compensated.
      accuracy: { exp: 1, expm1: 1, log: 1, log1p: 1, pow: 1 },
      available: true,
    }),
    load: interpreted,
  });
}

function interpreted(
  program: Program,
  dtype: FloatDType,
): { run(tensors: Readonly<Record<string, Tensor>>, sizes: Sizes): LossResult } {
  const run = interpreter(outputsOf(program));
  const names = Object.keys(program.gradients);
  return {
    run(tensors, sizes) {
      const inputs = new Map(
        program.inputs.map(({ name, type }) => [name, toArray(tensors[name]!, type.dtype, dtype)]),
      );
      const [value, ...gradients] = run(inputs, sizes).map(
        ({ shape, data }): Tensor => ({ dtype, shape, data: typedArray(dtype, data) }),
      );
      return { value: value!, gradients: Object.fromEntries(names.map((name, k) => [name, gradients[k]!])) };
    },
  };
}

/** A tensor as the interpreter takes it; a float64 in a float32 run is rounded to what that run can hold. */
function toArray({ shape, data, dtype }: Tensor, kind: 'float' | 'int' | 'bool', run: FloatDType): NDArray {
  if (kind === 'int') return { shape, data: data as Int32Array };
  if (kind === 'bool') return { shape, data: data as Uint8Array };
  return { shape, data: Float64Array.from(run === 'float32' && dtype === 'float64' ? Float32Array.from(data) : data) };
}

/**
 * Computes a loss, and gradients if asked, in plain JavaScript.
 *
 * @example
 * evaluate(huber({ delta: 2 }), { input: [1, 3], target: [0, 1] }, { gradients: ['input'] });
 * // { value: { shape: [], data: [1.25] }, gradients: { input: { shape: [2], data: [0.5, 1] } } }
 * @throws LossInputError if an input or option is bad
 */
export function evaluate(
  loss: Loss,
  inputs: LossInputs,
  { gradients = [], dtype = 'float64' }: { gradients?: readonly string[]; dtype?: FloatDType } = {},
): LossResult {
  const checked = checkInputs(loss, inputs, dtype);
  const program = lowered(trace(loss, { signature: checked.signature, gradients }));
  return interpreted(program, dtype).run(checked.tensors, checked.sizes);
}
