import { onnxRuntime } from './onnx.js';
import { tfjsRuntime } from './tfjs.js';
import { wasmRuntime } from './wasm.js';

/**
 * @typedef {{ shape: [number, number], logits: Float32Array, labels: Int32Array }} Batch logits (N, C), labels (N)
 * @typedef {{ run(batch: Batch): Promise<{ value: number, gradient: Float32Array }>, dispose(): void }} Prepared
 * @typedef {{ id: string, name: string, detail: string, prepare(loss: import('@isoloss/core').Loss): Prepared }} Runtime
 */

const starts = {
  wasm: wasmRuntime,
  'tfjs-webgl': () => tfjsRuntime('webgl'),
  'tfjs-wasm': () => tfjsRuntime('wasm'),
  'onnx-web': onnxRuntime,
};

/**
 * What works in this browser, and why the rest does not.
 *
 * @returns {Promise<{ runtimes: Runtime[], missing: { id: string, reason: string }[] }>}
 */
export async function startRuntimes() {
  const runtimes = [];
  const missing = [];
  for (const [id, start] of Object.entries(starts))
    try {
      runtimes.push(await start());
    } catch (error) {
      missing.push({ id, reason: error.message });
    }
  return { runtimes, missing };
}
