// A program without any ambient types: neither Node's nor a browser's.
import { crossEntropy, evaluate, type LossResult } from '@isoloss/core';
import { wasmLoss } from '@isoloss/wasm';

const inputs = { input: [[1, 2, 3]], target: [2] };
export const reference: LossResult = evaluate(crossEntropy(), inputs);
export const fused: LossResult = wasmLoss(crossEntropy(), { gradients: ['input'] }).run(inputs);
