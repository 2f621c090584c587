import {
  type Backend,
  defineBackend,
  type FloatDType,
  outputsOf,
  type Program,
  type Sizes,
  type Tensor,
  version,
} from '@isoloss/core';
import { ModuleBuilder } from './assembler/index.ts';
import { plan } from './compile/plan.ts';
import { Engine } from './run/engine.ts';
import { Binding, type Numbers } from './run/executor.ts';

export function load(engine: Engine, program: Program, dtype: FloatDType) {
  const module = new ModuleBuilder();
  const ready = plan(outputsOf(program), dtype, module);
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.bytes()), {
    env: { memory: engine.heap.memory },
  });
  const names = Object.keys(program.gradients);
  const Floats = dtype === 'float32' ? Float32Array : Float64Array;
  let binding: Binding | undefined;
  let bound = '';
  return {
    run(tensors: Readonly<Record<string, Tensor>>, sizes: Sizes) {
      const key = [...sizes.values()].join();
      if (binding === undefined || bound !== key) {
        binding?.dispose();
        binding = new Binding(engine, ready, instance.exports as never, dtype, sizes);
        bound = key;
      }
      const outputs = binding.outputs.map(({ length }) => new Floats(length));
      binding.run((name) => tensors[name]!.data as Numbers, outputs);
      const [value, ...gradients] = binding.shapes.map(
        (shape, k): Tensor => ({ dtype, shape: [...shape], data: outputs[k]! }),
      );
      return { value: value!, gradients: Object.fromEntries(names.map((name, k) => [name, gradients[k]!])) };
    },
    dispose() {
      binding?.dispose();
      binding = undefined;
    },
  };
}

export function wasmBackend(): Backend {
  const engine = new Engine();
  return defineBackend({
    id: 'wasm',
    describe: () => ({
      id: 'wasm',
      language: 'typescript',
      version,
      runtime: 'WebAssembly SIMD',
      dtypes: ['float32', 'float64'],
      device: 'cpu',
      available: true,
    }),
    load: (program, dtype) => load(engine, program, dtype),
  });
}
