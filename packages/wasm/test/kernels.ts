import { ModuleBuilder } from '../src/assembler/index.ts';
import type { KernelDType } from '../src/kernels/numeric.ts';

/** xorshift: tests repeat. */
export function randoms(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

const arrays = { float32: Float32Array, float64: Float64Array, int32: Int32Array } as const;
type Arrays = { [K in keyof typeof arrays]: InstanceType<(typeof arrays)[K]> };

const pattern = 0xa5;
const guard = 64;

/** A memory in which buffers lie between guard bytes. */
export class Bench {
  readonly memory: WebAssembly.Memory;
  private next = 0;
  private readonly taken: { from: number; to: number }[] = [];

  constructor(pages = 64) {
    this.memory = new WebAssembly.Memory({ initial: pages });
    new Uint8Array(this.memory.buffer).fill(pattern);
  }

  /** Forgets all buffers. */
  clear(): void {
    const end = this.next;
    new Uint8Array(this.memory.buffer, 0, end).fill(pattern);
    this.next = 0;
    this.taken.length = 0;
  }

  /** A buffer that starts at its element's alignment only, or at 16 bytes if `aligned`. */
  buffer<T extends keyof Arrays>(dtype: T, length: number, aligned = false): Arrays[T] {
    const { BYTES_PER_ELEMENT: size } = arrays[dtype];
    const from = Math.ceil((this.next + guard) / 16) * 16 + (aligned ? 0 : size);
    this.next = from + length * size + guard;
    this.taken.push({ from, to: from + length * size });
    return new arrays[dtype](this.memory.buffer, from, length) as Arrays[T];
  }

  scratch(bytes: number): number {
    return this.buffer('int32', Math.ceil(bytes / 4), true).byteOffset;
  }

  /** Whether all bytes between the buffers are as they were. */
  intact(): boolean {
    const bytes = new Uint8Array(this.memory.buffer, 0, this.next);
    let at = 0;
    for (const { from, to } of [...this.taken, { from: this.next, to: this.next }]) {
      for (; at < from; at++) if (bytes[at] !== pattern) return false;
      at = to;
    }
    return true;
  }

  instance<F>(emit: (module: ModuleBuilder) => void, name: string): F {
    const module = new ModuleBuilder();
    emit(module);
    const compiled = new WebAssembly.Module(module.bytes());
    return new WebAssembly.Instance(compiled, { env: { memory: this.memory } }).exports[name] as F;
  }
}

/** One element in `rate` is NaN, ±∞ or a zero of either sign. */
export function fillRandom(data: Float32Array | Float64Array, random: () => number, rate = 0): void {
  const special = [Number.NaN, Infinity, -Infinity, 0, -0];
  for (let k = 0; k < data.length; k++)
    data[k] = rate > 0 && random() * rate < 1 ? special[Math.floor(random() * special.length)]! : 2 * random() - 1;
}

export const dtypes: readonly KernelDType[] = ['float32', 'float64'];
export const rounding: Readonly<Record<KernelDType, number>> = { float32: 2 ** -24, float64: 2 ** -53 };

/** Bits, so that NaN equals NaN and 0 does not equal -0. */
export const bits = (data: Float32Array | Float64Array): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();

/** Not `toEqual`, which takes a second a megabyte. */
export const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
