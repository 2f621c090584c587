import type { Memory } from './memory.ts';

/** Bytes between allocations: a vector may be read past the end of an array, or a little before it. */
const guard = 64;
const page = 65536;
/** Kernels and tables of addresses count in signed numbers, so the upper half of what there could be is left alone. */
export const maximumPages = 32768;
const align = (bytes: number): number => Math.ceil(bytes / 64) * 64;

/** The memory of an engine: allocates and frees blocks, and grows. */
export class Heap {
  readonly memory: Memory;
  private free: { start: number; end: number }[];
  private readonly sizes = new Map<number, number>();
  private views: { buffer: ArrayBufferLike; f32: Float32Array; f64: Float64Array; i32: Int32Array; u8: Uint8Array };

  constructor(memory: Memory) {
    this.memory = memory;
    this.free = [{ start: 1024, end: memory.buffer.byteLength }];
    this.views = viewsOf(memory.buffer);
  }

  /** Typed views of the whole memory; growing replaces them. */
  get view(): Heap['views'] {
    if (this.views.buffer !== this.memory.buffer) this.views = viewsOf(this.memory.buffer);
    return this.views;
  }

  /** @throws RangeError if the memory would be larger than 2 GiB, or can't grow that far */
  allocate(bytes: number): number {
    const size = align(bytes) + guard;
    let at = this.free.findIndex(({ start, end }) => end - start >= size);
    if (at < 0) {
      this.grow(size);
      at = this.free.length - 1;
    }
    const block = this.free[at]!;
    const { start } = block;
    block.start += size;
    if (block.start === block.end) this.free.splice(at, 1);
    this.sizes.set(start, size);
    return start;
  }

  release(start: number): void {
    const size = this.sizes.get(start);
    if (size === undefined) return;
    this.sizes.delete(start);
    this.free.push({ start, end: start + size });
    this.free.sort((a, b) => a.start - b.start);
    this.free = this.free.reduce<{ start: number; end: number }[]>((merged, block) => {
      const last = merged.at(-1);
      if (last !== undefined && last.end === block.start) last.end = block.end;
      else merged.push(block);
      return merged;
    }, []);
  }

  private grow(size: number): void {
    const end = this.memory.buffer.byteLength;
    const last = this.free.at(-1);
    const missing = size - (last !== undefined && last.end === end ? end - last.start : 0);
    const pages = Math.ceil(missing / page);
    if (end / page + pages > maximumPages)
      throw new RangeError(`@isoloss/wasm needs ${pages} more pages of memory, but an engine has 2 GiB at most`);
    this.memory.grow(pages);
    const now = this.memory.buffer.byteLength;
    if (last !== undefined && last.end === end) last.end = now;
    else this.free.push({ start: end, end: now });
  }
}

const viewsOf = (buffer: ArrayBufferLike) => ({
  buffer,
  f32: new Float32Array(buffer),
  f64: new Float64Array(buffer),
  i32: new Int32Array(buffer),
  u8: new Uint8Array(buffer),
});
