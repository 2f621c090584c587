// What stands for `./node` where there is no Node: so that a bundle for a browser holds no module of Node's.
import type { loadTfjsNode as Load, tfjsNodeStatus as Status } from './node/index.ts';

const missing = { available: false, reason: 'tfjs-node needs Node', remedy: 'use tfjs-wasm or tfjs-cpu' } as const;

export const tfjsNodeStatus: typeof Status = async () => missing;

export const loadTfjsNode: typeof Load = async () => {
  throw new Error(`${missing.reason}; ${missing.remedy}`);
};
