import type * as core from '@tensorflow/tfjs-core';
import type { TensorFlow } from './tensorflow.ts';

/** TensorFlow.js with its global engine. */
type Engine = TensorFlow & Pick<typeof core, 'engine' | 'env' | 'findBackend' | 'setBackend'>;

/** A backend of TensorFlow.js, loaded and initialised. */
export interface Runtime {
  readonly tf: Engine;
  /** Its name in `tf.setBackend`. */
  readonly name: string;
  /** The runtime and its versions. */
  readonly version: string;
}

/** A backend of TensorFlow.js: plain JavaScript, WebAssembly, native, the graphics card. */
export type RuntimeId = 'tfjs-cpu' | 'tfjs-wasm' | 'tfjs-node' | 'tfjs-webgl';

/** Why a runtime can't be had here, and what to do, each in one line. */
export interface Missing {
  readonly reason: string;
  readonly remedy: string;
}

export const isMissing = (found: Runtime | Missing): found is Missing => 'reason' in found;

const loaders: Readonly<Record<RuntimeId, () => Promise<Runtime | Missing>>> = {
  'tfjs-cpu': () =>
    start('cpu', async (tf) => {
      const { version_cpu } = await import('@tensorflow/tfjs-backend-cpu');
      await initialise(tf, 'cpu');
      // It tells whoever uses it first on Node to use another backend: our user has chosen.
      (tf.findBackend('cpu') as { firstUse?: boolean }).firstUse = false;
      return `cpu backend ${version_cpu}`;
    }),
  'tfjs-wasm': () =>
    start('wasm', async (tf) => {
      // On Node it reads its .wasm file from the package's own folder and uses no threads; in a browser, who loads it says
      // where the file is (setWasmPaths).
      const { version_wasm } = await import('@tensorflow/tfjs-backend-wasm');
      await initialise(tf, 'wasm');
      return `wasm backend ${version_wasm}`;
    }),
  'tfjs-node': async () => {
    const { loadTfjsNode, tfjsNodeStatus } = await import('#node');
    const status = await tfjsNodeStatus();
    if (!status.available) return { reason: status.reason, remedy: status.remedy };
    return start('tensorflow', async (tf) => {
      await loadTfjsNode();
      await initialise(tf, 'tensorflow');
      return `tfjs-node ${status.version}, TensorFlow ${status.tensorflow}`;
    });
  },
  'tfjs-webgl': async () => {
    const remedy = 'use tfjs-wasm or tfjs-cpu';
    if (!('WebGLRenderingContext' in globalThis)) return { reason: 'there is no WebGL here', remedy };
    const { version_webgl } = await import('@tensorflow/tfjs-backend-webgl');
    const found = await start('webgl', async (tf) => {
      await initialise(tf, 'webgl');
      return `webgl backend ${version_webgl}, WebGL ${tf.env().getNumber('WEBGL_VERSION')}`;
    });
    if (found.tf.env().getBool('WEBGL_RENDER_FLOAT32_ENABLED')) return found;
    return { reason: 'WebGL computes in 16 bits here, which is three digits', remedy };
  },
};

const packages: Readonly<Record<RuntimeId, string>> = {
  'tfjs-cpu': '@tensorflow/tfjs-core @tensorflow/tfjs-backend-cpu',
  'tfjs-wasm': '@tensorflow/tfjs-core @tensorflow/tfjs-backend-wasm',
  'tfjs-node': '@tensorflow/tfjs-core @tensorflow/tfjs-node',
  'tfjs-webgl': '@tensorflow/tfjs-core @tensorflow/tfjs-backend-webgl',
};

const loading = new Map<RuntimeId, Promise<Runtime | Missing>>();
let last: Promise<unknown> = Promise.resolve();

/**
 * Loads a runtime once. One after another: which backend the engine uses is global, and undefined while one starts.
 */
export function findRuntime(id: RuntimeId): Promise<Runtime | Missing> {
  let found = loading.get(id);
  if (found === undefined) {
    found = last.then(loaders[id]).catch((error: unknown) => missing(id, error));
    last = found;
    loading.set(id, found);
    // What is not there may be installed before it is asked for again.
    void found.then((result) => isMissing(result) && loading.delete(id));
  }
  return found;
}

/** Resolves when no runtime is being loaded; what follows the await, synchronously, is safe from one that starts. */
export async function loaded(): Promise<void> {
  for (let seen: unknown; seen !== last; ) {
    seen = last;
    await last;
  }
}

function missing(id: RuntimeId, error: unknown): Missing {
  const message = (error instanceof Error ? error.message : String(error)).split('\n', 1)[0]!;
  const absent = (error as { code?: string }).code === 'ERR_MODULE_NOT_FOUND';
  return {
    reason: absent ? `one of ${packages[id].replace(' ', ' and ')} is not installed` : message,
    remedy: `npm install ${packages[id]}`,
  };
}

/** Loads a backend. The engine is one for the whole process: whoever had chosen another gets it back. */
async function start(name: string, load: (tf: Engine) => Promise<string>): Promise<Runtime> {
  const tf = await import('@tensorflow/tfjs-core');
  const before = tf.engine().backendName;
  const version = await load(tf);
  if (before && before !== tf.engine().backendName) await tf.setBackend(before);
  return { tf, name, version: `TensorFlow.js ${tf.version_core}, ${version}` };
}

async function initialise(tf: Engine, name: string): Promise<void> {
  if (tf.findBackend(name) === null && !(await tf.setBackend(name)))
    throw new Error(`TensorFlow.js could not start its ${name} backend`);
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
