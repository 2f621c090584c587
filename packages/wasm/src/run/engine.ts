import { ModuleBuilder } from '../assembler/index.ts';
import { Heap } from './heap.ts';
import { type Job, type Loaded, runHere } from './job.ts';

/** A memory, the modules compiled for it, and what runs them. */
export class Engine {
  readonly heap: Heap;
  readonly threads = 1;
  private block = { at: 0, bytes: 0 };
  private readonly modules = new Map<string, Loaded>();

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

  /** A module by its key, made when it is first asked for. */
  load(key: string, emit: (module: ModuleBuilder) => void): Loaded {
    let loaded = this.modules.get(key);
    if (loaded === undefined) {
      const builder = new ModuleBuilder();
      emit(builder);
      loaded = this.instantiate(builder);
      this.modules.set(key, loaded);
    }
    return loaded;
  }

  instantiate(builder: ModuleBuilder): Loaded {
    const module = new WebAssembly.Module(builder.bytes());
    const instance = new WebAssembly.Instance(module, { env: { memory: this.heap.memory } });
    return { id: this.nextModule++, exports: instance.exports as Loaded['exports'] };
  }

  private nextModule = 0;

  run(job: Job): void {
    runHere(job, job.begin, job.end);
  }
}
