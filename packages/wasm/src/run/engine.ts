import { type FloatDType, type Sizes, shapeOf, sizeOf } from '@isoloss/core';
import type { External } from '../compile/roots.ts';
import { Heap } from './heap.ts';

export type Other = Exclude<External, { kind: 'scan' }>;

/** A memory, and what runs in it. */
export class Engine {
  readonly heap: Heap;
  private block = { at: 0, bytes: 0 };

  constructor() {
    this.heap = new Heap(new WebAssembly.Memory({ initial: 16 }));
  }

  /** Room for one run: all programs share it, since one runs at a time. */
  workspace(bytes: number): number {
    if (bytes > this.block.bytes) {
      if (this.block.at !== 0) this.heap.release(this.block.at);
      this.block = { at: this.heap.allocate(bytes), bytes };
    }
    return this.block.at;
  }

  external(
    step: Other,
    dtype: FloatDType,
    sizes: Sizes,
    reserve: (bytes: number) => number,
  ): { kind: 'external'; run(pointers: Int32Array): void } {
    void reserve;
    const floats = () => (dtype === 'float32' ? this.heap.view.f32 : this.heap.view.f64);
    const bytes = dtype === 'float32' ? 4 : 8;
    const shape = shapeOf(step.node.shape, sizes);
    if (step.kind === 'matmul') {
      const [rows, columns] = [shape.at(-2)!, shape.at(-1)!];
      const aShape = shapeOf(step.a.buffer.shape, sizes);
      const inner = step.a.transposed ? aShape.at(-2)! : aShape.at(-1)!;
      const batch = sizeOf(shape.slice(0, -2));
      const aStep = aShape.length > 2 ? rows * inner : 0;
      const bStep = step.b.buffer.shape.length > 2 ? inner * columns : 0;
      return {
        kind: 'external',
        run(pointers) {
          const f = floats();
          for (let n = 0; n < batch; n++) {
            const [a, b, o] = [
              pointers[step.a.buffer.id]! / bytes + n * aStep,
              pointers[step.b.buffer.id]! / bytes + n * bStep,
              pointers[step.result.id]! / bytes + n * rows * columns,
            ];
            for (let r = 0; r < rows; r++)
              for (let c = 0; c < columns; c++) {
                let total = 0;
                for (let k = 0; k < inner; k++)
                  total +=
                    f[a + (step.a.transposed ? k * rows + r : r * inner + k)]! *
                    f[b + (step.b.transposed ? c * inner + k : k * columns + c)]!;
                f[o + r * columns + c] = total;
              }
          }
        },
      };
    }
    const { axis } = step.node.attributes;
    const inner = sizeOf(shape.slice(axis + 1));
    const length = shape[axis]!;
    const outer = sizeOf(shape.slice(0, axis));
    const attributes = step.node.attributes as { exclusive?: boolean; reverse?: boolean };
    return {
      kind: 'external',
      run: (pointers) => {
        const f = floats();
        const i32 = this.heap.view.i32;
        const from = pointers[step.input.id]! / bytes;
        for (let o = 0; o < outer; o++)
          for (let i = 0; i < inner; i++) {
            const at = (k: number) => (o * length + k) * inner + i;
            if (step.kind === 'argsort') {
              const value = (k: number) => f[from + at(k)]!;
              const order = Array.from({ length }, (_, k) => k).sort((a, b) => {
                const [p, q] = [value(a), value(b)];
                return p < q ? -1 : p > q ? 1 : Number(Number.isNaN(p)) - Number(Number.isNaN(q)) || a - b;
              });
              order.forEach((k, position) => {
                i32[pointers[step.result.id]! / 4 + at(position)] = k;
              });
            } else {
              let total = 0;
              for (let k = 0; k < length; k++) {
                const p = at(attributes.reverse ? length - 1 - k : k);
                f[pointers[step.result.id]! / bytes + p] = attributes.exclusive ? total : total + f[from + p]!;
                total += f[from + p]!;
              }
            }
          }
      },
    };
  }
}
