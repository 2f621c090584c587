// The model that `isoloss attach` has written: anything that runs ONNX evaluates it, with no library of ours.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import * as ort from 'onnxruntime-node';
import { bound, image, target, torch } from './digits.mjs';

const session = await ort.InferenceSession.create(readFileSync(new URL('out/with-loss.onnx', import.meta.url)));
const { loss } = await session.run({ image, target });
const apart = Math.abs(loss.data[0] - torch.loss.float32) / torch.loss.float32;
assert(apart <= bound, `the loss is off by ${apart}`);
console.log(`\nout/with-loss.onnx: loss ${loss.data[0].toFixed(8)}, the same`);
await session.release();
