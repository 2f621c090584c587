import { cores } from '#spawn';
import { ModuleBuilder } from '../assembler/index.ts';
import { Heap, maximumPages } from './heap.ts';
import { type Job, type Loaded, runHere } from './job.ts';
import { Pool } from './pool.ts';

/** Element operations from which a job is worth waking other threads for: they take about 30 µs to wake. */
const sharedWork = 4e6;
/** Parts of a large job on one thread: V8 puts in optimised code between calls, not within one. */
const parts = 8;

/** What an engine may use. */
export interface EngineOptions {
  /** Threads that share large inputs: 1 (the default), any other number, or `auto` for one a core. Needs shared memory. */
  readonly threads?: number | 'auto';
}

/** A memory, the modules compiled for it, and what runs them. */
export class Engine {
  readonly heap: Heap;
  readonly threads: number;
  private block = { at: 0, bytes: 0 };
  private readonly modules = new Map<string, Loaded>();
  private readonly pool: Pool | undefined;
  private readonly shared: { readonly maximum: number } | undefined;
  private nextModule = 0;

  /** @throws RangeError for a number of threads that is not a whole number from 1 to 32 */
  constructor({ threads = 1 }: EngineOptions = {}) {
    this.threads = threads === 'auto' ? Math.min(32, cores()) : threads;
    if (!Number.isInteger(this.threads) || this.threads < 1 || this.threads > 32)
      throw new RangeError(`threads is ${threads}; it must be a whole number from 1 to 32, or 'auto'`);
    // A shared memory reserves address space up to its maximum.
    this.shared = this.threads > 1 ? { maximum: maximumPages } : undefined;
    this.heap = new Heap(
      new WebAssembly.Memory(
        this.shared === undefined ? { initial: 16 } : { initial: 16, maximum: maximumPages, shared: true },
      ),
    );
    this.pool = this.threads > 1 ? new Pool(this.heap, this.threads - 1) : undefined;
  }

  /** Room for one run: all programs share it, since one runs at a time. */
  workspace(bytes: number): number {
    if (bytes > this.block.bytes) {
      if (this.block.at !== 0) this.heap.release(this.block.at);
      this.block = { at: 0, bytes: 0 };
      this.block = { at: this.heap.allocate(bytes), bytes };
    }
    return this.block.at;
  }

  /** A module by its key, made when it is first asked for. */
  load(key: string, emit: (module: ModuleBuilder) => void): Loaded {
    let loaded = this.modules.get(key);
    if (loaded === undefined) {
      const builder = this.builder();
      emit(builder);
      loaded = this.instantiate(builder);
      this.modules.set(key, loaded);
    }
    return loaded;
  }

  builder(): ModuleBuilder {
    return new ModuleBuilder(this.shared);
  }

  instantiate(builder: ModuleBuilder): Loaded {
    const bytes = builder.bytes();
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory: this.heap.memory } });
    let at = 0;
    if (this.pool !== undefined) {
      at = this.heap.allocate(bytes.length);
      this.heap.view.u8.set(bytes, at);
    }
    return {
      id: this.nextModule++,
      exports: instance.exports as Loaded['exports'],
      bytes: { at, length: bytes.length },
    };
  }

  /** Whether a job will be shared between threads. */
  shares(work: number): boolean {
    return this.pool !== undefined && work >= sharedWork && this.pool.ready > 0;
  }

  run(job: Job): void {
    if (job.work < sharedWork) runHere(job, job.begin, job.end);
    else if (this.pool !== undefined && this.shares(job.work)) this.pool.run(job);
    else {
      const step = Math.max(job.unit, Math.ceil((job.end - job.begin) / parts / job.unit) * job.unit);
      for (let begin = job.begin; begin < job.end; begin += step) runHere(job, begin, Math.min(begin + step, job.end));
    }
  }

  /** Threads besides this one that have started. */
  get readyThreads(): number {
    return this.pool?.ready ?? 0;
  }

  dispose(): void {
    this.pool?.dispose();
  }
}
