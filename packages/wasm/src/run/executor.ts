import { type FloatDType, type Sizes, shapeOf, sizeOf, sizeOfDim } from '@isoloss/core';
import type { Buffer } from '../compile/ir.ts';
import { tileLength } from '../compile/nests.ts';
import type { KernelStep, Plan, PlanStep, ScanStep } from '../compile/plan.ts';
import { lanesOfDType } from '../emit/lanes.ts';
import type { Engine } from './engine.ts';
import { bindExternal, type Run } from './externals.ts';
import type { Job, Loaded } from './job.ts';

/** Bytes that pass through a kernel at a time when inputs lie outside of its memory: they stay in the second-level cache. */
const streamBytes = 512 * 1024;
/** Programs whose data is smaller are copied at once. */
const smallBytes = 256 * 1024;
const scratchBytes = 256 * 1024;
const align = (bytes: number): number => Math.ceil((bytes + 64) / 64) * 64;

export type Numbers = Float32Array | Float64Array | Int32Array | Uint8Array;

interface BoundKernel {
  readonly kind: 'kernel';
  readonly job: Job;
  /** Words between the arguments of one thread and the next. */
  readonly words: number;
  readonly pointers: readonly { readonly word: number; readonly buffer: number; readonly perThread: number }[];
  readonly length: number;
  readonly streams: readonly Stream[];
  readonly chunk: number;
  readonly cleared: readonly { readonly buffer: number; readonly bytes: number }[];
}

/** A buffer of the caller that is copied part by part. */
interface Stream {
  readonly buffer: number;
  readonly stride: number;
  readonly bytes: number;
  readonly storage: 'float' | 'int' | 'byte';
  readonly writes: boolean;
  readonly at: number;
}

interface BoundScan {
  readonly kind: 'scan';
  readonly step: ScanStep;
  readonly inner: Bound;
  readonly steps: number;
  /** Bytes of an entry of each carry, sequence and output. */
  readonly carries: readonly { readonly bytes: number; readonly spare: readonly [number, number] }[];
  readonly sequences: readonly number[];
  readonly outputs: readonly { readonly bytes: number; readonly spare: number }[];
}

interface BoundOther {
  readonly kind: 'external';
  readonly run: Run;
}

/** A plan for known sizes. */
interface Bound {
  readonly plan: Plan;
  readonly steps: readonly (BoundKernel | BoundScan | BoundOther)[];
  /** Offsets in the workspace of buffers between steps, by their number; −1 elsewhere. */
  readonly offsets: Int32Array;
  readonly count: number;
}

export interface Placement {
  readonly buffer: Buffer;
  readonly length: number;
  readonly bytes: number;
  readonly storage: 'float' | 'int' | 'byte';
  readonly offset: number;
  readonly streamed: boolean;
}

/** A program for known sizes: where everything is, and what runs in which order. */
export class Binding {
  readonly inputs: ReadonlyMap<string, Placement>;
  readonly outputs: readonly Placement[];
  readonly shapes: readonly (readonly number[])[];
  readonly workspace: number;
  private readonly bound: Bound;
  private readonly engine: Engine;
  private readonly dtype: FloatDType;
  private readonly owned: number[] = [];
  private size = 0;
  /** Addresses by buffer number, of the run that is going on. */
  private readonly pointers: Int32Array;
  private readonly arrays: (Numbers | undefined)[];

  constructor(engine: Engine, plan: Plan, module: Loaded, dtype: FloatDType, sizes: Sizes) {
    this.engine = engine;
    this.dtype = dtype;
    this.shapes = plan.outputs.map(({ shape }) => shapeOf(shape, sizes));
    const known = new Map(sizes);
    const outside = [...plan.inputs.values(), ...plan.outputs];
    const total = outside.reduce((sum, buffer) => sum + this.bytesOf(buffer, known, true), 0);
    const streamed =
      total > smallBytes ? streamable(plan, (buffer) => this.bytesOf(buffer, known, true) > 65536) : new Set<Buffer>();
    const place = (buffer: Buffer): Placement => {
      const storage = buffer.dtype === 'bool' ? 'byte' : buffer.dtype;
      const length = sizeOf(shapeOf(buffer.shape, known));
      const bytes = lanesOfDType[dtype].bytes[storage];
      const isStreamed = streamed.has(buffer);
      return {
        buffer,
        length,
        bytes,
        storage,
        streamed: isStreamed,
        offset: isStreamed ? -1 : this.reserve(length * bytes),
      };
    };
    this.inputs = new Map([...plan.inputs].map(([name, buffer]) => [name, place(buffer)]));
    this.outputs = plan.outputs.map(place);
    this.bound = this.bind(plan, module, known, streamed);
    this.workspace = this.size;
    this.pointers = new Int32Array(this.bound.count);
    this.arrays = new Array<Numbers | undefined>(this.bound.count).fill(undefined);
  }

  dispose(): void {
    for (const block of this.owned) this.engine.heap.release(block);
  }

  private reserve(bytes: number): number {
    const at = this.size;
    this.size += align(bytes);
    return at;
  }

  private bytesOf({ dtype, shape }: Buffer, sizes: Sizes, outside = false): number {
    const bytes = lanesOfDType[this.dtype].bytes[dtype === 'bool' ? (outside ? 'byte' : 'mask') : dtype];
    return sizeOf(shapeOf(shape, sizes)) * bytes;
  }

  private bind(plan: Plan, module: Loaded, sizes: Map<string, number>, streamed: ReadonlySet<Buffer>): Bound {
    // Numbers of tiles are sizes of buffers, so all kernels' tiles are chosen first.
    const tiles = new Map<PlanStep, number>();
    for (const step of plan.steps) {
      if (step.kind !== 'kernel') continue;
      const tile = tileOf(step, sizes);
      tiles.set(step, tile);
      for (const { name, length } of step.tileCounts) sizes.set(name, Math.ceil(sizeOfDim(length, sizes) / tile));
    }
    const numbers = [...plan.inputs.values(), ...plan.outputs, ...plan.between].map(({ id }) => id);
    const count =
      1 +
      Math.max(
        0,
        ...numbers,
        ...plan.steps.flatMap((step) => (step.kind === 'kernel' ? [...step.scratch.keys()].map(({ id }) => id) : [])),
      );
    const offsets = new Int32Array(count).fill(-1);
    for (const buffer of plan.between) offsets[buffer.id] = this.reserve(this.bytesOf(buffer, sizes));
    const steps = plan.steps.map((step) => {
      if (step.kind === 'kernel') return this.kernel(step, module, sizes, tiles.get(step)!, streamed, offsets);
      if (step.kind === 'scan') return this.scan(step, module, sizes);
      const run = bindExternal(this.engine, step, this.dtype, sizes, (bytes) => this.reserve(bytes));
      return { kind: 'external' as const, run };
    });
    return { plan, steps, offsets, count };
  }

  private kernel(
    step: KernelStep,
    module: Loaded,
    sizes: Map<string, number>,
    tile: number,
    streamed: ReadonlySet<Buffer>,
    offsets: Int32Array,
  ): BoundKernel {
    const own = new Map(sizes).set(tileLength, tile);
    const { heap, threads } = this.engine;
    const words = step.parameters.length;
    const block = heap.allocate(4 * words * threads);
    this.owned.push(block);
    const lane = lanesOfDType[this.dtype];
    const scratch = new Map<Buffer, number>();
    for (const [buffer, dim] of step.scratch) {
      const bytes = align(sizeOfDim(dim, own) * step.scratchBytes);
      scratch.set(buffer, bytes);
      offsets[buffer.id] = this.reserve(bytes * threads);
    }
    const pointers: { word: number; buffer: number; perThread: number }[] = [];
    for (const [k, parameter] of step.parameters.entries()) {
      const word = block / 4 + k;
      if (parameter.kind === 'pointer')
        pointers.push({ word, buffer: parameter.buffer.id, perThread: scratch.get(parameter.buffer) ?? 0 });
      else
        for (let thread = 0; thread < threads; thread++)
          heap.view.i32[word + thread * words] = sizeOfDim(parameter.dim, own) * parameter.scale;
    }
    const length = step.range === undefined ? 1 : sizeOfDim(step.range.length, sizes);
    const unit = step.range?.tiled ? tile : 1;
    const used = [...step.reads, ...step.writes].filter((buffer) => streamed.has(buffer));
    const rowBytes = used.reduce((sum, buffer) => {
      const storage = buffer.dtype === 'bool' ? 'byte' : buffer.dtype;
      return sum + sizeOfDim(step.sliced.get(buffer)!, sizes) * lane.bytes[storage];
    }, 0);
    const chunk =
      used.length === 0 ? length : Math.max(unit, Math.floor((streamBytes * threads) / rowBytes / unit) * unit);
    const streams = used.map((buffer): Stream => {
      const stride = sizeOfDim(step.sliced.get(buffer)!, sizes);
      const storage = buffer.dtype === 'bool' ? 'byte' : buffer.dtype;
      const bytes = lane.bytes[storage];
      const at = this.reserve(stride * Math.min(chunk, length) * bytes);
      return { buffer: buffer.id, stride, bytes, storage, writes: step.writes.has(buffer), at };
    });
    const cleared = step.cleared.map((buffer) => ({ buffer: buffer.id, bytes: this.bytesOf(buffer, sizes) }));
    const work = step.work.reduce((sum, { domain, cost }) => sum + cost * sizeOf(shapeOf(domain, sizes)), 0);
    const job: Job = {
      module,
      name: step.name,
      values: [block, 0, 0],
      range: [1, 2],
      begin: 0,
      end: length,
      unit,
      perThread: [{ argument: 0, stride: 4 * words }],
      work: step.range === undefined ? 0 : work,
    };
    return { kind: 'kernel', job, words, pointers, length, streams, chunk, cleared };
  }

  private scan(step: ScanStep, module: Loaded, sizes: Map<string, number>): BoundScan {
    const { body } = step;
    const inner = this.bind(step.inner, module, sizes, new Set());
    const bytes = (buffer: Buffer) => this.bytesOf(buffer, sizes);
    const steps = sizeOfDim(step.node.inputs[body.carries]!.shape[0]!, sizes);
    const outputs = step.inner.outputs;
    return {
      kind: 'scan',
      step,
      inner,
      steps,
      carries: outputs.slice(0, body.carries).map((buffer) => {
        const size = bytes(buffer);
        return { bytes: size, spare: [this.reserve(size), this.reserve(size)] };
      }),
      sequences: body.inputs.slice(body.carries, body.carries + body.sequences).map((input) => {
        const { name } = input.attributes as { name: string };
        const buffer = step.inner.inputs.get(name);
        return buffer === undefined ? 0 : bytes(buffer);
      }),
      outputs: outputs.slice(body.carries).map((buffer) => {
        const size = bytes(buffer);
        return { bytes: size, spare: this.reserve(size) };
      }),
    };
  }

  /** Computes from arrays, into arrays. Arrays in the engine's memory are used where they are. */
  run(inputs: (name: string) => Numbers, outputs: readonly Numbers[]): void {
    const { heap } = this.engine;
    const base = this.engine.workspace(this.workspace);
    const { pointers, arrays, bound } = this;
    for (let id = 0; id < bound.count; id++) pointers[id] = base + bound.offsets[id]!;
    for (const [name, placement] of this.inputs) {
      const array = inputs(name);
      if (!this.inPlace(placement, array)) this.copyIn(placement, array, base);
    }
    for (const [k, placement] of this.outputs.entries()) {
      const array = outputs[k]!;
      if (!this.inPlace(placement, array)) {
        pointers[placement.buffer.id] = base + placement.offset;
        arrays[placement.buffer.id] = placement.streamed ? array : undefined;
      }
    }
    this.execute(bound, pointers, base);
    for (const [k, placement] of this.outputs.entries()) {
      const array = outputs[k]!;
      arrays[placement.buffer.id] = undefined;
      if (placement.streamed || array.buffer === heap.memory.buffer) continue;
      const first = pointers[placement.buffer.id]! / placement.bytes;
      array.set(this.viewOf(placement.storage).subarray(first, first + placement.length));
    }
    for (const { buffer } of this.inputs.values()) arrays[buffer.id] = undefined;
  }

  private inPlace({ buffer, storage }: Placement, array: Numbers): boolean {
    if (array.buffer !== this.engine.heap.memory.buffer || array.constructor !== this.viewOf(storage).constructor)
      return false;
    this.pointers[buffer.id] = array.byteOffset;
    this.arrays[buffer.id] = undefined;
    return true;
  }

  private copyIn({ buffer, storage, bytes, offset, streamed }: Placement, array: Numbers, base: number): void {
    this.arrays[buffer.id] = streamed ? array : undefined;
    if (streamed) return;
    this.pointers[buffer.id] = base + offset;
    this.viewOf(storage).set(array, (base + offset) / bytes);
  }

  private viewOf(storage: 'float' | 'int' | 'byte'): Numbers {
    const { view } = this.engine.heap;
    return storage === 'float'
      ? this.dtype === 'float32'
        ? view.f32
        : view.f64
      : storage === 'int'
        ? view.i32
        : view.u8;
  }

  private execute({ steps }: Bound, pointers: Int32Array, base: number): void {
    for (const step of steps) {
      if (step.kind === 'kernel') this.runKernel(step, pointers, base);
      else if (step.kind === 'scan') this.runScan(step, pointers, base);
      else step.run(pointers, base);
    }
  }

  private runKernel(kernel: BoundKernel, pointers: Int32Array, base: number): void {
    const { i32, u8 } = this.engine.heap.view;
    const { job, words } = kernel;
    // For all threads, also those that have not started: one may be ready by the time that the job is shared.
    const { threads } = this.engine;
    for (const { word, buffer, perThread } of kernel.pointers)
      for (let thread = 0; thread < threads; thread++)
        i32[word + thread * words] = pointers[buffer]! + thread * perThread;
    for (const { buffer, bytes } of kernel.cleared) u8.fill(0, pointers[buffer]!, pointers[buffer]! + bytes);
    job.begin = 0;
    job.end = kernel.length;
    let streamed = false;
    for (const { buffer } of kernel.streams) streamed ||= this.arrays[buffer] !== undefined;
    if (!streamed) {
      this.engine.run(job);
      return;
    }
    for (let begin = 0; begin < kernel.length; begin += kernel.chunk) {
      const end = Math.min(begin + kernel.chunk, kernel.length);
      for (const stream of kernel.streams) {
        const array = this.arrays[stream.buffer];
        if (array === undefined) continue;
        const place = base + stream.at;
        for (const { word, buffer } of kernel.pointers) {
          if (buffer !== stream.buffer) continue;
          for (let thread = 0; thread < threads; thread++)
            i32[word + thread * words] = place - begin * stream.stride * stream.bytes;
        }
        if (!stream.writes)
          this.viewOf(stream.storage).set(
            array.subarray(begin * stream.stride, end * stream.stride),
            place / stream.bytes,
          );
      }
      job.begin = begin;
      job.end = end;
      this.engine.run(job);
      for (const stream of kernel.streams) {
        const array = this.arrays[stream.buffer];
        if (array === undefined || !stream.writes) continue;
        const first = (base + stream.at) / stream.bytes;
        array.set(
          this.viewOf(stream.storage).subarray(first, first + (end - begin) * stream.stride),
          begin * stream.stride,
        );
      }
    }
  }

  private runScan(scan: BoundScan, outer: Int32Array, base: number): void {
    const { step, inner, steps } = scan;
    const { body, reverse, inputs, results, inner: plan } = step;
    const { u8 } = this.engine.heap.view;
    const pointers = new Int32Array(inner.count);
    for (let id = 0; id < inner.count; id++) pointers[id] = base + inner.offsets[id]!;
    const own = body.inputs.map((input) => plan.inputs.get((input.attributes as { name: string }).name));
    const n = body.carries;
    /** Where carry k is before step s, counting in the order of running. */
    const carryAt = (k: number, s: number): number => {
      const { bytes, spare } = scan.carries[k]!;
      const final = results.get(k);
      const history = results.get(n + k);
      if (s === steps) return final === undefined ? base + spare[s % 2]! : outer[final.id]!;
      if (history === undefined) return base + spare[s % 2]!;
      return outer[history.id]! + (reverse ? steps - 1 - s : s) * bytes;
    };
    for (let k = 0; k < n; k++) {
      const from = outer[inputs[k]!.id]!;
      u8.copyWithin(carryAt(k, 0), from, from + scan.carries[k]!.bytes);
    }
    for (let k = n + body.sequences; k < inputs.length; k++) {
      const buffer = own[k];
      if (buffer !== undefined) pointers[buffer.id] = outer[inputs[k]!.id]!;
    }
    for (let s = 0; s < steps; s++) {
      const t = reverse ? steps - 1 - s : s;
      for (let k = 0; k < n; k++) {
        const buffer = own[k];
        if (buffer !== undefined) pointers[buffer.id] = carryAt(k, s);
        pointers[plan.outputs[k]!.id] = carryAt(k, s + 1);
      }
      for (let k = 0; k < body.sequences; k++) {
        const buffer = own[n + k];
        if (buffer !== undefined) pointers[buffer.id] = outer[inputs[n + k]!.id]! + t * scan.sequences[k]!;
      }
      for (const [k, { bytes, spare }] of scan.outputs.entries()) {
        const result = results.get(2 * n + k);
        pointers[plan.outputs[n + k]!.id] = result === undefined ? base + spare : outer[result.id]! + t * bytes;
      }
      this.execute(inner, pointers, base);
    }
  }
}

/** The length of a kernel's tile: what it keeps for one stays in the cache. */
function tileOf(step: KernelStep, sizes: Sizes): number {
  const widest = 4096;
  if (step.tiled === undefined || step.scratch.size === 0) return widest;
  const one = new Map(sizes).set(tileLength, 1);
  let perPosition = 0;
  for (const dim of step.scratch.values()) perPosition += sizeOfDim(dim, one) * step.scratchBytes;
  return Math.min(widest, Math.max(64, Math.floor(scratchBytes / perPosition / 64) * 64));
}

/** Buffers of the caller that every kernel reads or writes part by part. */
function streamable(plan: Plan, isLarge: (buffer: Buffer) => boolean): Set<Buffer> {
  const found = new Set([...plan.inputs.values(), ...plan.outputs].filter(isLarge));
  for (const buffer of found) {
    const users = plan.steps.filter((step) => uses(step, buffer));
    const isOutput = plan.outputs.includes(buffer);
    const fits = users.every(
      (step) => step.kind === 'kernel' && step.sliced.has(buffer) && !step.cleared.includes(buffer),
    );
    if (!fits || (isOutput && users.length > 1)) found.delete(buffer);
  }
  return found;
}

function uses(step: PlanStep, buffer: Buffer): boolean {
  if (step.kind === 'kernel') return step.reads.has(buffer) || step.writes.has(buffer);
  if (step.kind === 'scan') return step.inputs.includes(buffer) || [...step.results.values()].includes(buffer);
  if (step.kind === 'matmul') return step.a.buffer === buffer || step.b.buffer === buffer || step.result === buffer;
  return step.input === buffer || step.result === buffer;
}
