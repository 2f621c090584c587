export { wasmBackend } from './backend.ts';
export { type EngineOptions, type WasmEngine, type WasmTensor, wasmEngine } from './engine.ts';
export { type WasmLoss, type WasmLossOptions, wasmLoss } from './loss.ts';
export type { Into } from './program.ts';
