import { mayWait, spawn } from '#spawn';
import type { Heap } from './heap.ts';
import { type Job, runHere } from './job.ts';
import type { Memory } from './memory.ts';

/** What a thread needs to begin. */
export interface ThreadStart {
  readonly memory: Memory;
  readonly control: number;
  readonly thread: number;
}

export interface Thread {
  terminate(): void;
}

/** Words of the control block, through which threads are told what to do; worker.js has the same. */
const at = {
  epoch: 0,
  open: 1,
  next: 2,
  end: 3,
  step: 4,
  module: 6,
  moduleAt: 7,
  moduleBytes: 8,
  nameBytes: 9,
  values: 10,
  rangeBegin: 11,
  rangeEnd: 12,
  perThread: 13,
  pairs: 14,
  failed: 22,
  firstValue: 24,
  firstName: 40,
  firstState: 64,
} as const;
const busy = 2;
const words = 128;

/** Milliseconds without an answer after which a thread counts as dead. Parts of a job take a few. */
const patience = 20_000;
/** Parts of a job for each thread: the last ones even out what else the cores do. */
const partsPerThread = 4;
/** Turns to look before sleeping. */
const spins = 2000;

/** Threads that share jobs. Any of them may be missing or late: this one does what the others don't. */
export class Pool {
  private readonly threads: Thread[] = [];
  private readonly heap: Heap;
  private readonly control: number;
  private broken: string | undefined;

  /** `count`: threads besides this one. */
  constructor(heap: Heap, count: number) {
    this.heap = heap;
    this.control = heap.allocate(4 * words);
    this.view.fill(0);
    for (let thread = 0; thread < count; thread++) {
      const state = at.firstState + thread;
      this.threads.push(
        spawn({ memory: heap.memory, control: this.control, thread }, () => {
          // Not to be waited for again.
          Atomics.store(this.view, state, 0);
        }),
      );
    }
  }

  private cached: Int32Array | undefined;
  private get view(): Int32Array {
    if (this.cached?.buffer !== this.heap.memory.buffer)
      this.cached = new Int32Array(this.heap.memory.buffer, this.control, words);
    return this.cached!;
  }

  /** Threads besides this one that have started. */
  get ready(): number {
    let count = 0;
    for (let thread = 0; thread < this.threads.length; thread++)
      if (Atomics.load(this.view, at.firstState + thread) !== 0) count++;
    return count;
  }

  /**
   * Runs a job on all threads that are ready, this one among them.
   * @throws Error if a thread died in the middle of it
   */
  run(job: Job): void {
    if (this.broken !== undefined) throw new Error(this.broken);
    const { view } = this;
    const parts = (this.threads.length + 1) * partsPerThread;
    const step = Math.max(job.unit, Math.ceil((job.end - job.begin) / parts / job.unit) * job.unit);
    view[at.next] = job.begin;
    view[at.end] = job.end;
    view[at.step] = step;
    view[at.module] = job.module.id;
    view[at.moduleAt] = job.module.bytes.at;
    view[at.moduleBytes] = job.module.bytes.length;
    view[at.nameBytes] = job.name.length;
    for (let k = 0; k < job.name.length; k++) view[at.firstName + k] = job.name.charCodeAt(k);
    view[at.values] = job.values.length;
    for (const [k, value] of job.values.entries()) view[at.firstValue + k] = value;
    view[at.rangeBegin] = job.range[0];
    view[at.rangeEnd] = job.range[1];
    view[at.perThread] = job.perThread.length;
    for (const [k, { argument, stride }] of job.perThread.entries()) {
      view[at.pairs + 2 * k] = argument;
      view[at.pairs + 2 * k + 1] = stride;
    }
    view[at.failed] = 0;
    const epoch = Atomics.load(view, at.epoch) + 1;
    Atomics.store(view, at.open, epoch);
    Atomics.store(view, at.epoch, epoch);
    Atomics.notify(view, at.epoch);
    try {
      for (;;) {
        const from = Atomics.add(view, at.next, step);
        if (from >= job.end) break;
        runHere(job, from, Math.min(from + step, job.end));
      }
    } finally {
      // Who has not begun by now must not begin: the control block will be used for something else.
      Atomics.store(view, at.open, 0);
      for (let thread = 0; thread < this.threads.length; thread++) this.settle(at.firstState + thread);
    }
    if (view[at.failed] === 1) throw new Error('a thread of @isoloss/wasm failed in the middle of a kernel');
  }

  /** Waits until a thread is not busy. */
  private settle(state: number): void {
    const { view } = this;
    for (let k = 0; k < spins; k++) if (Atomics.load(view, state) !== busy) return;
    const until = performance.now() + patience;
    while (Atomics.load(view, state) === busy) {
      if (mayWait) Atomics.wait(view, state, busy, 100);
      if (performance.now() > until) {
        this.broken = `a thread of @isoloss/wasm has not answered for ${patience / 1000} s; make a new backend, or one with threads: 1`;
        this.dispose();
        throw new Error(this.broken);
      }
    }
  }

  dispose(): void {
    for (const thread of this.threads) thread.terminate();
    this.threads.length = 0;
    this.broken ??= 'the backend has been disposed of';
  }
}
