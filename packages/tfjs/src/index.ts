/**
 * Losses on TensorFlow.js, with their own gradients.
 *
 * @module
 */
export { tfjsBackend } from './backend.ts';
export { compileLoss, type LayersLoss } from './layers.ts';
export { type TfInputs, type TfLoss, tfLoss } from './loss.ts';
export type { RuntimeId } from './runtime.ts';
export type { TensorFlow, TfTensor } from './tensorflow.ts';
