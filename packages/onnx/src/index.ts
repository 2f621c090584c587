export { type OnnxBackendOptions, onnxBackend } from './backend.ts';
export { type OnnxModelOptions, toOnnx } from './model.ts';
