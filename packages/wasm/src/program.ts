import {
  type Executable,
  type FloatDType,
  type LossResult,
  outputsOf,
  type Program,
  type Sizes,
  type Tensor,
} from '@isoloss/core';
import { plan } from './compile/plan.ts';
import type { Engine } from './run/engine.ts';
import { Binding, type Numbers } from './run/executor.ts';

/** Arrays that results are written to, where they are given. */
export interface Into {
  readonly value?: Tensor | undefined;
  readonly gradients?: Readonly<Record<string, Tensor | undefined>>;
}

export interface Ready extends Executable {
  run(tensors: Readonly<Record<string, Tensor>>, sizes: Sizes, into?: Into): LossResult;
  dispose(): void;
}

/** Compiles a program for an engine. What depends on sizes is kept for the last ones. */
export function load(engine: Engine, program: Program, dtype: FloatDType): Ready {
  const builder = engine.builder();
  const compiled = plan(outputsOf(program), dtype, builder);
  const module = engine.instantiate(builder);
  const names = ['value', ...Object.keys(program.gradients)];
  const Floats = dtype === 'float32' ? Float32Array : Float64Array;
  let binding: Binding | undefined;
  let bound: Sizes | undefined;
  return {
    run(given, sizes, into) {
      let tensors = given;
      if (binding === undefined || !sameSizes(bound!, sizes)) {
        const renewed = viewsOf(engine, given);
        binding?.dispose();
        // Not to be used again if there is no room for the next one.
        binding = undefined;
        const next = new Binding(engine, compiled, module, dtype, sizes);
        // Before anybody's view of the memory is read: it may have to grow.
        engine.workspace(next.workspace);
        binding = next;
        bound = sizes;
        tensors = renewed();
      }
      const { outputs, shapes } = binding;
      const results = names.map((name, k): Tensor => {
        const wanted = k === 0 ? into?.value : into?.gradients?.[name];
        return wanted === undefined
          ? { dtype, shape: [...shapes[k]!], data: new Floats(outputs[k]!.length) }
          : fitting(wanted, dtype, outputs[k]!.length, name);
      });
      binding.run(
        (name) => tensors[name]!.data as Numbers,
        results.map(({ data }) => data as Numbers),
      );
      const gradients: Record<string, Tensor> = {};
      for (let k = 1; k < names.length; k++) gradients[names[k]!] = results[k]!;
      return { value: results[0]!, gradients };
    },
    dispose() {
      binding?.dispose();
      binding = undefined;
    },
  };
}

/** The tensors as they are once the memory has grown, which leaves views of it empty. */
function viewsOf(engine: Engine, tensors: Readonly<Record<string, Tensor>>): () => Readonly<Record<string, Tensor>> {
  const { memory } = engine.heap;
  const before = memory.buffer;
  const views = Object.entries(tensors).flatMap(([name, tensor]) => {
    const { data } = tensor;
    return data.buffer === before
      ? [{ name, tensor, of: data.constructor, at: data.byteOffset, length: data.length }]
      : [];
  });
  return () => {
    if (memory.buffer === before || views.length === 0) return tensors;
    const renewed = views.map(({ name, tensor: { dtype, shape }, of, at, length }) => {
      const data = new (of as Float32ArrayConstructor)(memory.buffer as ArrayBuffer, at, length);
      return [name, { dtype, shape, data }];
    });
    return { ...tensors, ...Object.fromEntries(renewed) };
  };
}

function fitting(given: Tensor, dtype: FloatDType, length: number, name: string): Tensor {
  if (given.dtype !== dtype || given.data.length !== length)
    throw new RangeError(
      `${name} needs a ${dtype} array of ${length} numbers to be written to, not a ${given.dtype} one of ${given.data.length}`,
    );
  return given;
}

function sameSizes(a: Sizes, b: Sizes): boolean {
  if (a === b) return true;
  if (a.size !== b.size) return false;
  for (const [name, size] of a) if (b.get(name) !== size) return false;
  return true;
}
