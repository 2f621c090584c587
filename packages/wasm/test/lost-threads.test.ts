import { setTimeout as after } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { huber } from '@isoloss/core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Code, i32, type ModuleBuilder } from '../src/assembler/index.ts';
import { engineOf } from '../src/engine.ts';
import { wasmEngine, wasmLoss } from '../src/index.ts';
import { Engine } from '../src/run/engine.ts';
import type { Job } from '../src/run/job.ts';
import type { Thread, ThreadStart } from '../src/run/pool.ts';
import { cases, sameBits } from './cases.ts';

type Spawn = (start: ThreadStart, ended: () => void) => Thread;
/** How threads start, where a test says otherwise; and those that have, so that a test can end them. */
const threads = vi.hoisted(() => ({ spawn: undefined as Spawn | undefined, started: [] as Thread[] }));
vi.mock(import('../src/run/spawn-node.ts'), async (original) => {
  const own = await original();
  const spawn: Spawn = (start, ended) => {
    const thread = (threads.spawn ?? own.spawn)(start, ended);
    threads.started.push(thread);
    return thread;
  };
  return { ...own, spawn };
});

beforeEach(() => {
  threads.spawn = undefined;
  threads.started.length = 0;
});
const [{ loss, inputs, gradients }] = cases(20_011) as [ReturnType<typeof cases>[number]];
const wanted = wasmLoss(loss, { gradients }).run(inputs);

/** Words of the control block: see pool.ts. */
const [epochWord, stateWord] = [0, 64];
/** A thread that says it is ready, and does what a program says once there is work for it. */
const behaving =
  (program: string): Spawn =>
  ({ memory, control, thread }) => {
    const worker = new Worker(
      `const { memory, control, thread } = require('node:worker_threads').workerData;
      const words = new Int32Array(memory.buffer, control, 128);
      const state = ${stateWord} + thread;
      Atomics.store(words, state, 1);
      Atomics.wait(words, ${epochWord}, Atomics.load(words, ${epochWord}));
      ${program}`,
      { eval: true, workerData: { memory, control, thread } },
    );
    worker.unref();
    return { terminate: () => void worker.terminate() };
  };

async function ready(engine: Engine, count: number): Promise<void> {
  while (engine.readyThreads < count) await after(5);
}

describe('a thread that is lost', () => {
  test('never started: the others do its work', () => {
    threads.spawn = () => ({ terminate() {} });
    const engine = wasmEngine({ threads: 3 });
    sameBits(wasmLoss(loss, { gradients, engine }).run(inputs), wanted);
  });

  test('ended while it waited, and nobody has heard of it', async () => {
    const engine = wasmEngine({ threads: 2 });
    const own = engineOf(engine);
    await ready(own, 1);
    const lossHere = wasmLoss(loss, { gradients, engine });
    sameBits(lossHere.run(inputs), wanted);
    threads.started[0]!.terminate();
    // Its end is an event, which comes only between calls.
    sameBits(lossHere.run(inputs), wanted);
    while (own.readyThreads > 0) await after(5);
    sameBits(lossHere.run(inputs), wanted);
  });

  test('throws: the same', async () => {
    threads.spawn = (start, ended) => {
      const worker = new Worker('throw new Error("out of luck")', { eval: true, workerData: start });
      worker.on('error', ended);
      return { terminate: () => void worker.terminate() };
    };
    const engine = wasmEngine({ threads: 2 });
    await after(200);
    sameBits(wasmLoss(loss, { gradients, engine }).run(inputs), wanted);
  });

  describe('with time that runs fast', () => {
    beforeEach(() => {
      let now = 0;
      vi.spyOn(performance, 'now').mockImplementation(() => (now += 5000));
    });
    afterEach(() => vi.restoreAllMocks());

    test.each([
      ['ended in the middle of its work', 'Atomics.store(words, state, 2);'],
      [
        'does not come back from its work',
        'Atomics.store(words, state, 2); for (;;) Atomics.wait(words, 127, 0, 1000);',
      ],
    ])('%s: an error that says so, and from then on the engine works alone', async (_, program) => {
      threads.spawn = behaving(program);
      const engine = wasmEngine({ threads: 2 });
      await ready(engineOf(engine), 1);
      const lossHere = wasmLoss(loss, { gradients, engine });
      // It may be asleep still when the first jobs are done, but not for ever.
      const error = await (async () => {
        for (let k = 0; k < 1000; k++) {
          try {
            sameBits(lossHere.run(inputs), wanted);
          } catch (thrown) {
            return thrown as Error;
          }
          await after(2);
        }
        return undefined;
      })();
      expect(error?.message).toMatch(/^a thread of @isoloss\/wasm has not answered for 20 s; make a new backend/);
      sameBits(lossHere.run(inputs), wanted);
      sameBits(
        wasmLoss(huber(), { engine }).run({ input: [3], target: [1] }),
        wasmLoss(huber()).run({ input: 3, target: 1 }),
      );
    });
  });
});

describe('a trap in a kernel', () => {
  const outside = i32.const(-4);
  const flag = i32.const(512);
  /** Until the thread that shall trap has begun: or this one might do everything by itself. */
  const waitForFlag = (code: Code) => code.while(i32.eqz(i32.load(flag)), () => undefined);

  /** A function of (what differs by thread, begin, end) as a job of 64 parts' length. */
  const job = (engine: Engine, key: string, emit: (module: ModuleBuilder) => void): Job => ({
    module: engine.load(key, emit),
    name: 'run',
    values: [0, 0, 0],
    range: [1, 2],
    begin: 0,
    end: 1024,
    unit: 1,
    perThread: [{ argument: 0, stride: 1 }],
    work: 1e9,
  });
  const types = { name: 'run', parameters: ['i32', 'i32', 'i32'] } as const;
  const harmless = (engine: Engine, at: number) => {
    engine.run(
      job(engine, 'count', (module) => {
        // A byte for each place in the range: no two threads share one.
        module.function(types, (code, [, begin, end]) => {
          const k = code.let(begin);
          code.countTo(k, end, 1, (body) => body.fill(i32.add(i32.const(at), k), i32.const(1), i32.const(1)));
          return undefined;
        });
      }),
    );
    const done = engine.heap.view.u8.slice(at, at + 1024);
    engine.heap.view.u8.fill(0, at, at + 1024);
    return done.every((byte) => byte === 1);
  };

  test('of this thread is thrown, with one thread and with several', async () => {
    for (const count of [1, 2]) {
      const engine = new Engine({ threads: count });
      await ready(engine, count - 1);
      const at = engine.heap.allocate(1024);
      const trap = job(engine, 'trap', (module) => {
        module.function(types, (code, [thread]) => {
          code.if(thread, waitForFlag, (own) => {
            own.store(flag, i32.const(1));
            own.let(i32.load(outside));
          });
          return undefined;
        });
      });
      for (let k = 0; k < 3; k++) {
        engine.heap.view.i32[128] = 0;
        expect(() => engine.run(trap)).toThrow(WebAssembly.RuntimeError);
        expect(harmless(engine, at)).toBe(true);
      }
      engine.dispose();
    }
  });

  test('of another thread is reported, and that thread goes on', async () => {
    const engine = new Engine({ threads: 2 });
    await ready(engine, 1);
    const at = engine.heap.allocate(1024);
    const trap = job(engine, 'trap', (module) => {
      module.function(types, (code, [thread]) => {
        code.if(
          thread,
          (other) => {
            other.store(flag, i32.const(1));
            other.let(i32.load(outside));
          },
          waitForFlag,
        );
        return undefined;
      });
    });
    for (let k = 0; k < 3; k++) {
      engine.heap.view.i32[128] = 0;
      expect(() => engine.run(trap)).toThrow('a thread of @isoloss/wasm failed in the middle of a kernel');
      expect(harmless(engine, at)).toBe(true);
    }
    engine.dispose();
  });
});
