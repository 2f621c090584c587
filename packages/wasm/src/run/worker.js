/**
 * A thread of the pool. It shares the engine's memory, and is told what to do through it (see pool.ts): it never gets a
 * message while it waits. Plain JavaScript, so that it runs from the sources too.
 */
const OPEN = 1;
const NEXT = 2;
const END = 3;
const STEP = 4;
const MODULE = 6;
const MODULE_AT = 7;
const MODULE_BYTES = 8;
const NAME_BYTES = 9;
const VALUES = 10;
const RANGE_BEGIN = 11;
const RANGE_END = 12;
const PER_THREAD = 13;
const FAILED = 22;
const FIRST_VALUE = 24;
const FIRST_NAME = 40;
const FIRST_STATE = 64;

/** @param {{ memory: WebAssembly.Memory, control: number, thread: number }} start */
function work({ memory, control, thread }) {
  const words = () => new Int32Array(memory.buffer, control, 128);
  const state = FIRST_STATE + thread;
  const modules = new Map();
  let view = words();
  let epoch = Atomics.load(view, 0);
  Atomics.store(view, state, 1);
  for (;;) {
    Atomics.wait(view, 0, epoch);
    epoch = Atomics.load(view, 0);
    // Growing the memory leaves old views valid, but too short for a later job's module.
    view = words();
    Atomics.store(view, state, 2);
    if (Atomics.load(view, OPEN) === epoch) {
      try {
        run(view, memory, modules, thread);
      } catch {
        Atomics.store(view, FAILED, 1);
      }
    }
    Atomics.store(view, state, 1);
    Atomics.notify(view, state);
  }
}

function run(view, memory, modules, thread) {
  const id = view[MODULE];
  let exports = modules.get(id);
  if (exports === undefined) {
    const bytes = new Uint8Array(memory.buffer, view[MODULE_AT], view[MODULE_BYTES]).slice();
    exports = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } }).exports;
    modules.set(id, exports);
  }
  const name = String.fromCharCode(...view.subarray(FIRST_NAME, FIRST_NAME + view[NAME_BYTES]));
  const values = Array.from(view.subarray(FIRST_VALUE, FIRST_VALUE + view[VALUES]));
  for (let k = 0; k < view[PER_THREAD]; k++) values[view[14 + 2 * k]] += (thread + 1) * view[15 + 2 * k];
  const [begin, end, step, last] = [view[RANGE_BEGIN], view[RANGE_END], view[STEP], view[END]];
  for (;;) {
    const from = Atomics.add(view, NEXT, step);
    if (from >= last) return;
    values[begin] = from;
    values[end] = Math.min(from + step, last);
    exports[name](...values);
  }
}

// A worker of the web is told by a message where to begin; Node's finds it in workerData.
if (typeof self !== 'undefined' && typeof self.postMessage === 'function' && typeof process === 'undefined')
  self.onmessage = ({ data }) => work(data);
// Not by an import: a bundler for the web would look for the module, and some refuse what they don't find.
else work(process.getBuiltinModule('worker_threads').workerData);
