/**
 * The backends of the command line: the only place that names them.
 *
 * Runtimes are loaded when they are used, since some take half a second and not all are installed everywhere.
 */
import { type Backend, type BackendDescription, version } from '@isoloss/core';
import type { RuntimeId } from '@isoloss/tfjs';
import { messageOf, UnavailableError, UsageError } from './errors.ts';

interface Registration {
  /** What it stands on, for people. */
  readonly summary: string;
  /** Whom to install if it can't be imported. */
  readonly packages: readonly string[];
  load(): Promise<Backend>;
}

const tfjs = async (id: RuntimeId): Promise<Backend> => (await import('@isoloss/tfjs')).tfjsBackend(id);

const registry = {
  reference: {
    summary: 'plain JavaScript in float64: the meaning of every loss',
    packages: [],
    load: async () => (await import('@isoloss/core')).referenceBackend(),
  },
  wasm: {
    summary: 'fused WebAssembly SIMD kernels, no native code',
    packages: ['@isoloss/wasm'],
    load: async () => (await import('@isoloss/wasm')).wasmBackend(),
  },
  'onnx-node': {
    summary: 'ONNX Runtime for Node',
    packages: ['@isoloss/onnx', 'onnxruntime-node'],
    load: async () => (await import('@isoloss/onnx')).onnxBackend(),
  },
  'tfjs-node': {
    summary: 'TensorFlow.js on native TensorFlow',
    packages: ['@isoloss/tfjs', '@tensorflow/tfjs-node'],
    load: () => tfjs('tfjs-node'),
  },
  'tfjs-wasm': {
    summary: 'TensorFlow.js on WebAssembly',
    packages: ['@isoloss/tfjs', '@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-wasm'],
    load: () => tfjs('tfjs-wasm'),
  },
  'tfjs-cpu': {
    summary: 'TensorFlow.js in plain JavaScript',
    packages: ['@isoloss/tfjs', '@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-cpu'],
    load: () => tfjs('tfjs-cpu'),
  },
} as const satisfies Record<string, Registration>;

export type BackendId = keyof typeof registry;
export const backendIds = Object.keys(registry) as BackendId[];

/** What `auto` stands for: it is fast, and needs nothing installed. Without WebAssembly it falls back to the reference. */
export const automatic: BackendId = 'wasm';
/** What others are compared with. */
export const judge: BackendId = 'reference';

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
export async function openBackend(id: BackendId): Promise<Opened> {
  const { load, packages } = registry[id];
  try {
    const backend = await load();
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
