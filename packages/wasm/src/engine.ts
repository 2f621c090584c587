import { sizeOf, type Tensor, UnsupportedError } from '@isoloss/core';
import { Engine, type EngineOptions } from './run/engine.ts';
import { unsupported, unsupportedThreads } from './support.ts';

/** A tensor in the engine's memory: what losses read and write there is not copied. */
export interface WasmTensor extends Tensor {
  /** A view of the memory, made anew after the memory has grown: don't keep it. */
  readonly data: Float32Array | Float64Array | Int32Array | Uint8Array;
  /** Gives the memory back; the tensor must not be used afterwards. */
  free(): void;
}

/** Memory and threads that losses share. */
export interface WasmEngine {
  /** Threads that it may use, this one included. */
  readonly threads: number;
  /**
   * A tensor of zeros in the engine's memory.
   * @throws RangeError if the memory (2 GiB at most) is full, or a size is not a whole number
   */
  allocate(shape: readonly number[], dtype?: Tensor['dtype']): WasmTensor;
  /** Ends its threads. */
  dispose(): void;
}

const bytesOf = { float32: 4, float64: 8, int32: 4, bool: 1 } as const;
const engines = new WeakMap<WasmEngine, Engine>();

/**
 * An engine of its own, for losses that shall share memory or threads.
 *
 * @example
 * const engine = wasmEngine({ threads: 'auto' });
 * const input = engine.allocate([1_000_000]);
 * const loss = wasmLoss(huber(), { engine });
 * @throws UnsupportedError where there is no WebAssembly with vectors, or no shared memory for threads
 * @throws RangeError for a number of threads that is not a whole number from 1 to 32
 */
export function wasmEngine(options: EngineOptions = {}): WasmEngine {
  const reason =
    unsupported() ?? (options.threads === undefined || options.threads === 1 ? undefined : unsupportedThreads());
  if (reason !== undefined) throw new UnsupportedError(`@isoloss/wasm can't run: ${reason}`);
  const own = new Engine(options);
  const engine: WasmEngine = {
    threads: own.threads,
    allocate(shape, dtype = 'float32') {
      if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0))
        throw new RangeError(`shape [${shape.join(', ')}] is not a list of sizes`);
      const length = sizeOf(shape);
      const at = own.heap.allocate(length * bytesOf[dtype]);
      const view = (): WasmTensor['data'] => {
        const { f32, f64, i32, u8 } = own.heap.view;
        const whole = { float32: f32, float64: f64, int32: i32, bool: u8 }[dtype];
        const first = at / bytesOf[dtype];
        return whole.subarray(first, first + length);
      };
      let data = view();
      data.fill(0);
      let isFree = false;
      return {
        dtype,
        shape: [...shape],
        get data() {
          if (data.buffer !== own.heap.memory.buffer) data = view();
          return data;
        },
        free() {
          // By the second time the place may be another tensor's.
          if (!isFree) own.heap.release(at);
          isFree = true;
        },
      };
    },
    dispose: () => own.dispose(),
  };
  engines.set(engine, own);
  return engine;
}

export const engineOf = (engine: WasmEngine): Engine => engines.get(engine)!;

let shared: WasmEngine | undefined;
/** The engine of losses that are given none: one thread. */
export const defaultEngine = (): WasmEngine => {
  shared ??= wasmEngine();
  return shared;
};

export type { EngineOptions };
