import {
  type Backend,
  type BackendDescription,
  defineBackend,
  type Executable,
  type FloatDType,
  type LossResult,
  outputsOf,
  type Program,
  type Tensor,
  topological,
  typedArray,
  version,
} from '@isoloss/core';
import type { Tensor as OrtTensor } from 'onnxruntime-common';
import { loadRuntime } from '#runtime';
import { kept } from './lower.ts';
import { programModel } from './model.ts';
import type { Runtime } from './runtime.ts';
import { floatData, type OrtModule, openSession, runSession, type SessionOptions } from './session.ts';

/** How sessions of the backend are made. */
export interface OnnxBackendOptions {
  /** The package of ONNX Runtime to run in, as imported: `onnxruntime-web`, say. Default onnxruntime-node. */
  readonly ort?: OrtModule;
  /**
   * Threads of one operation. Default 2, and 1 for a loss with a scan (ctc), whose steps are too short to share.
   * onnxruntime-web has one number for all its sessions instead: `ort.env.wasm.numThreads`.
   */
  readonly threads?: number;
  /** What else the session takes; wins over everything above. */
  readonly session?: SessionOptions;
}

/**
 * The backend `onnx-node`: a loss becomes an ONNX model and runs in onnxruntime-node, in float32 and float64. One session
 * serves all sizes of the inputs; sessions are released by `dispose` of the loss or of the backend.
 *
 * onnxruntime-node is loaded when first needed; without it the backend describes itself as not available, with the
 * remedy. Given onnxruntime-web, in a browser or elsewhere, it is the backend `onnx-web`.
 *
 * @example
 * const runner = createRunner(onnxBackend());
 * await runner.run(huber(), { input: [1, 3], target: [0, 1] }, { dtype: 'float32', gradients: ['input'] });
 */
export function onnxBackend({ ort, threads, session = {} }: OnnxBackendOptions = {}): Backend {
  const open = new Set<Executable>();
  const id = ort === undefined ? 'onnx-node' : idOf(ort);
  let runtime: Promise<Runtime> | undefined;
  const load = () => {
    runtime ??= ort === undefined ? loadRuntime() : Promise.resolve({ ort, version: versionOf(ort) });
    return runtime;
  };
  return defineBackend({
    id,
    keep: kept,
    describe: async () => describe(id, await load()),
    async load(program, dtype) {
      const found = await load();
      if ('reason' in found) throw new Error(found.reason);
      const recurrent = topological(outputsOf(program)).some((node) => node.op === 'scan');
      const options = { intraOpNumThreads: threads ?? (recurrent ? 1 : 2), interOpNumThreads: 1, ...session };
      const executable = await prepare(found.ort, program, dtype, options);
      open.add(executable);
      return {
        run: executable.run,
        dispose() {
          open.delete(executable);
          executable.dispose?.();
        },
      };
    },
    dispose() {
      for (const executable of open) executable.dispose?.();
      open.clear();
    },
  });
}

/** Its versions name what a package of ONNX Runtime is made for. */
function idOf({ env }: OrtModule): string {
  const { web, node } = env?.versions ?? {};
  return web !== undefined ? 'onnx-web' : node !== undefined ? 'onnx-node' : 'onnx';
}

const versionOf = ({ env }: OrtModule): string => env?.versions.common ?? 'of an unknown version';

function describe(id: string, runtime: Runtime): BackendDescription {
  const available = !('reason' in runtime);
  return {
    id,
    language: 'typescript',
    version,
    runtime: available ? `onnxruntime ${runtime.version}` : 'onnxruntime',
    dtypes: ['float32', 'float64'],
    device: id === 'onnx-web' ? 'cpu (WebAssembly)' : 'cpu',
    // Measured over the range of each function, in both dtypes: test/accuracy.test.ts holds them to it.
    accuracy: { atan: 3, cos: 3, sin: 3, exp: 2, expm1: 4, log: 4, log1p: 4, pow: 2 },
    available,
    ...(available ? {} : { reason: runtime.reason, remedy: runtime.remedy }),
  };
}

async function prepare(
  ort: OrtModule,
  program: Program,
  dtype: FloatDType,
  options: SessionOptions,
): Promise<Executable> {
  // Checked tensors hold int32 labels; widening them in the graph is faster than making BigInts here.
  const session = await openSession(ort, programModel(program, { dtype, labels: 'int32' }), options);
  const elements = { float: dtype, int: 'int32', bool: 'bool' } as const;
  let released = false;
  return {
    async run(tensors): Promise<LossResult> {
      const feeds: Record<string, OrtTensor> = {};
      for (const { name, type } of program.inputs) {
        const { shape, data } = tensors[name]!;
        const element = elements[type.dtype];
        feeds[name] = new ort.Tensor(element, typedArray(element, data) as Float32Array, shape);
      }
      const results = await runSession(session, feeds);
      const tensor = (name: string): Tensor => ({
        dtype,
        shape: results[name]!.dims,
        data: floatData(results[name]!, dtype),
      });
      const gradients = Object.keys(program.gradients).map((name) => [name, tensor(`d_${name}`)] as const);
      return { value: tensor('value'), gradients: Object.fromEntries(gradients) };
    },
    dispose() {
      // What fails here concerns nobody any more.
      if (!released) session.release().catch(() => {});
      released = true;
    },
  };
}
