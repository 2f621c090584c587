/**
 * Setting up and loading `@tensorflow/tfjs-node`.
 *
 * @module
 */
export { cacheDirectory } from './cache.ts';
export { TfjsNodeUnavailableError } from './error.ts';
export { loadTfjsNode, type TfjsNode } from './load.ts';
export { type SetupOptions, type SetupResult, setupTfjsNode } from './setup.ts';
export { type StatusOptions, type TfjsNodeStatus, tfjsNodeStatus } from './status.ts';
