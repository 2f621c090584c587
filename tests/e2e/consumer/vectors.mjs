import * as conformance from '@isoloss/conformance';
import * as core from '@isoloss/core';
import * as onnx from '@isoloss/onnx';
import * as tfjs from '@isoloss/tfjs';
import * as wasm from '@isoloss/wasm';
import { judge } from './judge.mjs';

await judge({ conformance, core, wasm, onnx, tfjs }, ['float32', 'float64']);
