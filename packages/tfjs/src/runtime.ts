import { UnsupportedError } from '@isoloss/core';
import type * as core from '@tensorflow/tfjs-core';
import type { TensorFlow } from './tensorflow.ts';

/** TensorFlow.js with its global engine. */
type Engine = TensorFlow & Pick<typeof core, 'engine' | 'findBackend' | 'setBackend'>;

/** A backend of TensorFlow.js, loaded and initialised. */
export interface Runtime {
  readonly tf: Engine;
  /** Its name in `tf.setBackend`. */
  readonly name: string;
  /** The runtime and its versions. */
  readonly version: string;
}

export type RuntimeId = 'tfjs-cpu' | 'tfjs-wasm' | 'tfjs-node';

/** Why a runtime can't be had here, and what to do, each in one line. */
export interface Missing {
  readonly reason: string;
  readonly remedy: string;
}

export const isMissing = (found: Runtime | Missing): found is Missing => 'reason' in found;

const loaders: Readonly<Record<RuntimeId, () => Promise<Runtime | Missing>>> = {
  'tfjs-cpu': async () => {
    const tf = await import('@tensorflow/tfjs-core');
    const { version_cpu } = await import('@tensorflow/tfjs-backend-cpu');
    await initialise(tf, 'cpu');
    // It tells whoever uses it first on Node to use another backend: our user has chosen.
    (tf.findBackend('cpu') as { firstUse?: boolean }).firstUse = false;
    return { tf, name: 'cpu', version: `TensorFlow.js ${tf.version_core}, cpu backend ${version_cpu}` };
  },
  'tfjs-wasm': async () => {
    const tf = await import('@tensorflow/tfjs-core');
    // On Node it reads its .wasm file from the package's own folder and uses no threads; in a browser, who loads it says
    // where the file is (setWasmPaths).
    const { version_wasm } = await import('@tensorflow/tfjs-backend-wasm');
    await initialise(tf, 'wasm');
    return { tf, name: 'wasm', version: `TensorFlow.js ${tf.version_core}, wasm backend ${version_wasm}` };
  },
  'tfjs-node': async () => {
    const { loadTfjsNode, tfjsNodeStatus } = await import('./node/index.ts');
    const status = await tfjsNodeStatus();
    if (!status.available) return { reason: status.reason, remedy: status.remedy };
    const tf = await loadTfjsNode();
    await initialise(tf, 'tensorflow');
    return {
      tf,
      name: 'tensorflow',
      version: `TensorFlow.js ${tf.version_core}, tfjs-node ${status.version}, TensorFlow ${status.tensorflow}`,
    };
  },
};

const packages: Readonly<Record<RuntimeId, string>> = {
  'tfjs-cpu': '@tensorflow/tfjs-core @tensorflow/tfjs-backend-cpu',
  'tfjs-wasm': '@tensorflow/tfjs-core @tensorflow/tfjs-backend-wasm',
  'tfjs-node': '@tensorflow/tfjs-core @tensorflow/tfjs-node',
};

const loading = new Map<RuntimeId, Promise<Runtime | Missing>>();

/** Loads a runtime once. */
export function findRuntime(id: RuntimeId): Promise<Runtime | Missing> {
  let found = loading.get(id);
  if (found === undefined) {
    found = loaders[id]().catch((error: unknown) => missing(id, error));
    loading.set(id, found);
    // What is not there may be installed before it is asked for again.
    void found.then((result) => isMissing(result) && loading.delete(id));
  }
  return found;
}

function missing(id: RuntimeId, error: unknown): Missing {
  const message = (error instanceof Error ? error.message : String(error)).split('\n', 1)[0]!;
  const absent = (error as { code?: string }).code === 'ERR_MODULE_NOT_FOUND';
  return {
    reason: absent ? `one of ${packages[id].replace(' ', ' and ')} is not installed` : message,
    remedy: `npm install ${packages[id]}`,
  };
}

/** Starts a backend; the engine is one for the whole process, so whoever had chosen another gets it back. */
async function initialise(tf: Engine, name: string): Promise<void> {
  if (tf.findBackend(name) !== null) return;
  const before = tf.engine().backendName;
  const started = await tf.setBackend(name);
  if (!started) throw new UnsupportedError(`TensorFlow.js could not start its ${name} backend`);
  if (before && before !== name) await tf.setBackend(before);
}

/**
 * Runs synchronous code on a backend. The engine's choice of backend is global: it is made before, and unmade after, without
 * an await between, so that other users of TensorFlow.js in this process, and our other backends, never see it.
 */
export function onBackend<T>({ tf, name }: Runtime, work: () => T): T {
  const before = tf.engine().backendName;
  if (before === name) return work();
  // The promise is of a backend that has started: the switch itself has happened when the call returns.
  void tf.setBackend(name);
  try {
    return work();
  } finally {
    if (before) void tf.setBackend(before);
  }
}
