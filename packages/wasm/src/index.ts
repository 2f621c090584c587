export { wasmBackend } from './backend.ts';
