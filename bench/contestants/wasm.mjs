// Our fused WebAssembly backend. The one place of the bench that knows its faces.
import { ofBackend } from './backends.mjs';
import { NotOffered } from './contestant.mjs';

/** `wasm-1`, `wasm-2`: the backend with so many threads. */
export async function wasm(id, threads) {
  const { wasmBackend } = await import('@isoloss/wasm');
  if (wasmBackend === undefined) throw new NotOffered('@isoloss/wasm has no wasmBackend yet');
  return ofBackend(id, wasmBackend({ threads }));
}
