const { judge } = require('./judge.mjs');

const packages = {
  conformance: require('@isoloss/conformance'),
  core: require('@isoloss/core'),
  wasm: require('@isoloss/wasm'),
  onnx: require('@isoloss/onnx'),
  tfjs: require('@isoloss/tfjs'),
};
judge(packages, ['float32']);
