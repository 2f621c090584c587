import {
  type Backend,
  defineBackend,
  type Executable,
  LossInputError,
  outputsOf,
  type Program,
  type Tensor,
  UnsupportedError,
  version,
} from '@isoloss/core';
import { kept, open, plan, runPlan } from './execute.ts';
import { tfDType } from './lower.ts';
import { findRuntime, isMissing, loaded, onBackend, type Runtime, type RuntimeId } from './runtime.ts';
import type { TensorFlow, TfTensor } from './tensorflow.ts';

/** Largest error of the elementary functions in ULP, measured by test/ops.test.ts over their whole range. */
const accuracy: Readonly<Partial<Record<RuntimeId, Readonly<Record<string, number>>>>> = {
  'tfjs-cpu': { exp: 1, expm1: 1, log: 1, log1p: 1, pow: 1, sin: 1, cos: 1, atan: 1 },
  'tfjs-wasm': { exp: 1, expm1: 1, log: 1, log1p: 3, pow: 1, sin: 2, cos: 2, atan: 1 },
  'tfjs-node': { exp: 2, expm1: 4, log: 4, log1p: 4, pow: 2, sin: 2, cos: 2, atan: 4 },
};

const device: Readonly<Record<RuntimeId, string>> = {
  'tfjs-cpu': 'cpu',
  'tfjs-wasm': 'cpu (WebAssembly)',
  'tfjs-node': 'cpu (native TensorFlow)',
  'tfjs-webgl': 'gpu (WebGL)',
};

const hostScans = 'Recurrences run on the host, in the float64 of the reference, which is faster than a kernel a step.';
const notes: Readonly<Record<RuntimeId, readonly string[]>> = {
  'tfjs-cpu': [hostScans],
  'tfjs-wasm': [hostScans],
  'tfjs-node': [
    'Recurrences that carry up to 2048 numbers run on the host, where that is faster, in the float64 of the reference.',
    'TensorFlow flushes subnormal numbers to 0.',
  ],
  'tfjs-webgl': [
    'How accurate its functions are, and what it makes of NaN, infinities and subnormal numbers, is up to the graphics card.',
  ],
};

/**
 * Losses on a backend of TensorFlow.js, in float32: `tfjs-cpu` (plain JavaScript), `tfjs-wasm`, `tfjs-node` (native), or
 * `tfjs-webgl` (the graphics card, in a browser; not where it computes in 16 bits only).
 * The packages of TensorFlow.js are loaded when first used; `describe()` says if they are missing. Several of these
 * backends, and the program's own use of TensorFlow.js, may be mixed in one process.
 *
 * @example
 * const backend = tfjsBackend('tfjs-cpu');
 * const loss = await backend.compile(huber(), {
 *   dtype: 'float32', signature: { input: { rank: 1 }, target: { rank: 1 } }, gradients: ['input'],
 * });
 * const { value, gradients } = await loss.run({ input: [1, 3], target: [0, 1] });
 * @throws UnsupportedError when compiling, for float64 or if the packages are missing
 */
export function tfjsBackend(id: RuntimeId): Backend {
  if (!Object.hasOwn(device, id))
    throw new LossInputError('BAD_REQUEST', `there is no backend ${id}; use ${Object.keys(device).join(', ')}`);
  const native = id === 'tfjs-node';
  return defineBackend({
    id,
    keep: kept(native),
    async describe() {
      const runtime = await findRuntime(id);
      const common = {
        id,
        language: 'typescript',
        version,
        dtypes: ['float32'],
        device: device[id],
        ...(accuracy[id] === undefined ? {} : { accuracy: accuracy[id] }),
      } as const;
      if (isMissing(runtime)) return { ...common, runtime: 'TensorFlow.js', available: false, ...runtime };
      return {
        ...common,
        runtime: runtime.version,
        available: true,
        notes: notes[id],
      };
    },
    async load(program) {
      const runtime = await findRuntime(id);
      if (isMissing(runtime))
        throw new UnsupportedError(`${id} is not available: ${runtime.reason}. ${runtime.remedy}`);
      return load(runtime, program, native);
    },
  });
}

function load(runtime: Runtime, program: Program, native: boolean): Executable {
  const { tf } = runtime;
  const ready = plan(open(outputsOf(program)), native);
  const names = Object.keys(program.gradients);
  return {
    async run(tensors, sizes) {
      await loaded();
      let results: Tensor[] = [];
      onBackend(runtime, () =>
        // Nothing is returned from it: tidy looks for tensors in every element of what is.
        tf.tidy(() => {
          const given = new Map(
            program.inputs.map(({ name, type }) => [name, toTensor(tf, tensors[name]!, tfDType(type.dtype))]),
          );
          results = runPlan(tf, ready, given, sizes).map(fromTensor);
        }),
      );
      const [value, ...gradients] = results;
      return { value: value!, gradients: Object.fromEntries(names.map((name, k) => [name, gradients[k]!])) };
    },
  };
}

function toTensor(tf: TensorFlow, { shape, data }: Tensor, dtype: 'float32' | 'int32' | 'bool'): TfTensor {
  const values = dtype === 'float32' && !(data instanceof Float32Array) ? Float32Array.from(data) : data;
  return tf.tensor(values as Float32Array, [...shape], dtype);
}

/** Read at once, before anything else can choose another backend. A copy: the engine's own memory is used again. */
function fromTensor(tensor: TfTensor): Tensor {
  return { dtype: 'float32', shape: tensor.shape, data: Float32Array.from(tensor.dataSync()) };
}
