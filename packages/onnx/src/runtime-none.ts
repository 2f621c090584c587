// What stands for `runtime-node` where there is no Node: so that a bundle for a browser holds no module of Node's.
import type { loadRuntime as Load } from './runtime-node.ts';

export const loadRuntime: typeof Load = async () => ({
  reason: 'onnxruntime-node needs Node',
  remedy: "give the backend what is here: onnxBackend({ ort }) with import * as ort from 'onnxruntime-web'",
});
