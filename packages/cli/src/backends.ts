/**
 * The backends of the command line: the only place that names them.
 *
 * Runtimes are loaded when they are used, since some take half a second and not all are installed everywhere.
 */
import { availableParallelism } from 'node:os';
import { type Backend, type BackendDescription, version } from '@isoloss/core';
import type { RuntimeId } from '@isoloss/tfjs';
import { messageOf, UnavailableError, UsageError } from './errors.ts';

/** A backend that the command knows. */
export type BackendId = 'reference' | 'wasm' | 'onnx-node' | 'tfjs-node' | 'tfjs-wasm' | 'tfjs-cpu';

/** Where a deployment runs. A browser loads no native code; an edge worker compiles no WebAssembly at run time either. */
export type Target = 'node' | 'browser' | 'edge';
export const targets: readonly Target[] = ['node', 'browser', 'edge'];

/** How a backend is set up; what it has no use for it is not given. */
export interface BackendSettings {
  readonly threads?: number | 'auto';
}

interface Registration {
  /** What it stands on, for people. */
  readonly summary: string;
  /** Whom to install if it can't be imported; each is seen from the one before. */
  readonly packages: readonly string[];
  readonly targets: readonly Target[];
  /** Whether it takes a number of threads. */
  readonly threads?: true;
  /** Whether it has one thread unless it is given more: one of the two is the better at every size. */
  readonly optionalThreads?: true;
  load(settings: BackendSettings): Promise<Backend>;
  /** Whether it is slower here than its name promises. */
  slowed?(description: BackendDescription): Slowed | undefined;
}

/** What a backend that works has to say of itself: that something slower runs in its place. */
interface Slowed {
  readonly as: 'reference' | 'fewer threads';
  readonly reason: string;
}

function wasmSlowed({ notes = [] }: BackendDescription): Slowed | undefined {
  const replaced = notes.find((note) => note.includes('the reference runs instead'));
  if (replaced !== undefined) return { as: 'reference', reason: replaced };
  const threads = notes.find((note) => note.startsWith('one thread:'));
  return threads === undefined ? undefined : { as: 'fewer threads', reason: threads };
}

const tfjs = async (id: RuntimeId): Promise<Backend> => (await import('@isoloss/tfjs')).tfjsBackend(id);

const registry = {
  reference: {
    summary: 'plain JavaScript in float64: the meaning of every loss',
    packages: ['@isoloss/core'],
    targets: ['node', 'browser', 'edge'],
    load: async () => (await import('@isoloss/core')).referenceBackend(),
  },
  wasm: {
    summary: 'fused WebAssembly SIMD kernels, no native code',
    packages: ['@isoloss/wasm'],
    targets: ['node', 'browser'],
    threads: true,
    optionalThreads: true,
    load: async (settings) => (await import('@isoloss/wasm')).wasmBackend(settings),
    slowed: wasmSlowed,
  },
  'onnx-node': {
    summary: 'ONNX Runtime for Node',
    packages: ['@isoloss/onnx', 'onnxruntime-node'],
    targets: ['node'],
    threads: true,
    load: async ({ threads }) =>
      (await import('@isoloss/onnx')).onnxBackend(
        threads === undefined ? {} : { threads: threads === 'auto' ? availableParallelism() : threads },
      ),
  },
  'tfjs-node': {
    summary: 'TensorFlow.js on native TensorFlow',
    packages: ['@isoloss/tfjs', '@tensorflow/tfjs-core', '@tensorflow/tfjs-node'],
    targets: ['node'],
    load: () => tfjs('tfjs-node'),
  },
  'tfjs-wasm': {
    summary: 'TensorFlow.js on WebAssembly',
    packages: ['@isoloss/tfjs', '@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-wasm'],
    targets: ['node', 'browser'],
    load: () => tfjs('tfjs-wasm'),
  },
  'tfjs-cpu': {
    summary: 'TensorFlow.js in plain JavaScript',
    packages: ['@isoloss/tfjs', '@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-cpu'],
    targets: ['node', 'browser', 'edge'],
    load: () => tfjs('tfjs-cpu'),
  },
} as const satisfies Record<BackendId, Registration>;

export const backendIds = Object.keys(registry) as BackendId[];

/** What `auto` stands for: it is fast, and needs nothing installed. Without WebAssembly it falls back to the reference. */
const automatic: BackendId = 'wasm';
/** What others are compared with. */
export const judge: BackendId = 'reference';

/** In which order others stand in for a backend that does not work: the faster first, the one that always works last. */
export const standIns: readonly BackendId[] = ['wasm', 'onnx-node', 'tfjs-node', 'tfjs-wasm', 'tfjs-cpu', 'reference'];

/** What is known of a backend before it is loaded. */
export const registration = (id: BackendId): Omit<Registration, 'load'> => registry[id];

export const isBackendId = (id: string): id is BackendId => Object.hasOwn(registry, id);

/** @throws UsageError for a name that no backend has */
export function backendId(name: string): BackendId {
  if (name === 'auto') return automatic;
  if (isBackendId(name)) return name;
  throw new UsageError(`there is no backend ${JSON.stringify(name)}; there are ${backendIds.join(', ')}`);
}

/** The ids in `a,b`, or all of them. */
export const backendList = (names: string | undefined): BackendId[] =>
  names === undefined || names === 'all' ? backendIds : [...new Set(names.split(',').map((n) => backendId(n.trim())))];

/** A backend, or why there is none. */
export type Opened = { readonly description: BackendDescription } & (
  | { readonly backend: Backend; readonly available: true }
  | { readonly available: false }
);

/** Loads a backend and asks it whether it works here. Never throws: what is wrong is in the description. */
export async function openBackend(id: BackendId, settings: BackendSettings = {}): Promise<Opened> {
  const { load, packages }: Registration = registry[id];
  try {
    const backend = await load(settings);
    const description = await backend.describe();
    if (description.available) return { backend, description, available: true };
    await backend.dispose();
    return { description, available: false };
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND';
    const description: BackendDescription = {
      id,
      language: 'typescript',
      version,
      runtime: registry[id].summary,
      dtypes: [],
      device: 'cpu',
      available: false,
      reason: messageOf(error),
      remedy: missing ? `npm install ${packages.join(' ')}` : 'isoloss backends shows which ones work here',
    };
    return { description, available: false };
  }
}

/** What the backends are like here, one after the other; none is kept. */
export async function describeAll(ids: readonly BackendId[] = backendIds): Promise<BackendDescription[]> {
  const descriptions: BackendDescription[] = [];
  for (const id of ids) {
    const opened = await openBackend(id);
    if (opened.available) await opened.backend.dispose();
    descriptions.push(opened.description);
  }
  return descriptions;
}

/**
 * A backend that works.
 * @throws UnavailableError with the reason and the remedy
 */
export async function requireBackend(id: BackendId): Promise<{ backend: Backend; description: BackendDescription }> {
  const opened = await openBackend(id);
  if (opened.available) return opened;
  throw new UnavailableError(`${id} is not available: ${whyNot(opened.description)}`);
}

/** Reason and remedy in one line. */
export const whyNot = ({ reason, remedy }: BackendDescription): string =>
  [reason ?? 'no reason given', remedy].filter(Boolean).join('; to mend it: ');
