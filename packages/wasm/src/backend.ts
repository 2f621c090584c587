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
import { kept } from './compile/rewrite.ts';
import { Engine } from './run/engine.ts';
import { Binding, type Numbers } from './run/executor.ts';

export function load(engine: Engine, program: Program, dtype: FloatDType) {
  const module = new ModuleBuilder();
  const compiled = plan(outputsOf(program), dtype, module);
  const loaded = engine.instantiate(module);
  const names = Object.keys(program.gradients);
  const Floats = dtype === 'float32' ? Float32Array : Float64Array;
  let binding: Binding | undefined;
  let bound = '';
  const bind = (sizes: Sizes): Binding => {
    const key = [...sizes.values()].join();
    if (binding === undefined || bound !== key) {
      binding?.dispose();
      binding = new Binding(engine, compiled, loaded, dtype, sizes);
      bound = key;
    }
    return binding;
  };
  const outputsFor = (ready: Binding): Numbers[] => ready.outputs.map(({ length }) => new Floats(length));
  return {
    outputs: (sizes: Sizes): Numbers[] => outputsFor(bind(sizes)),
    run(tensors: Readonly<Record<string, Tensor>>, sizes: Sizes, into?: readonly Numbers[]) {
      const ready = bind(sizes);
      const outputs = into ?? outputsFor(ready);
      ready.run((name) => tensors[name]!.data as Numbers, outputs);
      const [value, ...gradients] = ready.shapes.map(
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
    keep: kept,
    load: (program, dtype) => load(engine, program, dtype),
  });
}
