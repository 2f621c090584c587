// What a user's TypeScript makes of the packages: it is compiled with theirs as packed, under strict options.

import { runConformance, type VectorFile } from '@isoloss/conformance';
import {
  type Backend,
  crossEntropy,
  defineLoss,
  evaluate,
  huber,
  inputs,
  type LossResult,
  referenceBackend,
} from '@isoloss/core';
import { onnxBackend, toOnnx } from '@isoloss/onnx';
import { compileLoss, type TfLoss, tfLoss } from '@isoloss/tfjs';
import { setupTfjsNode } from '@isoloss/tfjs/node';
import { wasmLoss } from '@isoloss/wasm';
import * as tf from '@tensorflow/tfjs-core';
import { createBackend } from 'isoloss';
import * as z from 'zod';

const loss = huber({ delta: 2, reduction: 'sum' });
const result: LossResult = evaluate(loss, { input: [1, 5], target: [0, 1] }, { gradients: ['input'] });
const bytes: Uint8Array = toOnnx(crossEntropy(), { inputs: { input: 2, target: 1 }, gradients: ['input'] });
const trained: TfLoss = tfLoss(tf, loss);
const backends: Backend[] = [referenceBackend(), onnxBackend()];
const own = defineLoss({
  id: 'own',
  inputs: { input: inputs.float('...'), target: inputs.float('...'), mask: inputs.mask('...') },
  options: { power: z.number().positive().default(2) },
  formula: ({ input, target }, { power }) => input.sub(target).abs().pow(power),
});

// What must not be legal is not: an option's name, its type, the name of an input in a formula.
// @ts-expect-error
huber({ dleta: 2 });
// @ts-expect-error
own({ power: 'two' });
// @ts-expect-error
defineLoss({ id: 'x', inputs: { input: inputs.float('...') }, formula: ({ output }) => output });
// @ts-expect-error
const count: number = result.value;

export type { VectorFile };
export { backends, bytes, compileLoss, count, createBackend, own, runConformance, setupTfjsNode, trained, wasmLoss };
