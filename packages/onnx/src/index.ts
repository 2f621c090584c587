export { type AttachOptions, attachLoss } from './attach.ts';
export { type OnnxBackendOptions, onnxBackend } from './backend.ts';
export { type OnnxModelOptions, toOnnx } from './model.ts';
export { type OrtLoss, type OrtLossOptions, type OrtLossResult, ortLoss } from './native.ts';
export { describeModel, type ModelDescription, type TensorDescription } from './read.ts';
export type { OrtModule, SessionOptions } from './session.ts';
