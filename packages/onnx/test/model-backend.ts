import { type Backend, defineBackend, type FloatDType, type Program, typedArray, version } from '@isoloss/core';
import * as ort from 'onnxruntime-node';
import { kept } from '../src/lower.ts';
import { floatData, type OrtModule, openSession, runSession } from '../src/session.ts';

/** A model for a program, and what its outputs are called there. */
export interface MadeModel {
  readonly bytes: Uint8Array;
  /** The model's names of inputs of the program, and of `value` and `d_<input>`. */
  readonly nameOf: (own: string) => string;
}

/** A backend that runs models which somebody makes of programs, to be judged like any other. Labels are int32. */
export const modelBackend = (id: string, make: (program: Program, dtype: FloatDType) => MadeModel): Backend =>
  defineBackend({
    id,
    keep: kept,
    describe: () => ({
      id,
      language: 'typescript',
      version,
      runtime: 'onnxruntime',
      dtypes: ['float32', 'float64'],
      device: 'cpu',
      // As onnx-node's.
      accuracy: { atan: 3, cos: 3, sin: 3, exp: 2, expm1: 4, log: 4, log1p: 4, pow: 2 },
      available: true,
    }),
    async load(program, dtype) {
      const { bytes, nameOf } = make(program, dtype);
      const session = await openSession(ort as OrtModule, bytes, { intraOpNumThreads: 1, interOpNumThreads: 1 });
      const elements = { float: dtype, int: 'int32', bool: 'bool' } as const;
      return {
        async run(tensors) {
          const feeds = program.inputs.map(({ name, type }) => {
            const { shape, data } = tensors[name]!;
            const element = elements[type.dtype];
            return [nameOf(name), new ort.Tensor(element, typedArray(element, data) as Float32Array, shape)] as const;
          });
          const results = await runSession(session, Object.fromEntries(feeds));
          const tensor = (own: string) => {
            const result = results[nameOf(own)]!;
            return { dtype, shape: result.dims, data: floatData(result, dtype) };
          };
          const gradients = Object.keys(program.gradients).map((name) => [name, tensor(`d_${name}`)] as const);
          return { value: tensor('value'), gradients: Object.fromEntries(gradients) };
        },
        dispose: () => void session.release().catch(() => {}),
      };
    },
  });
