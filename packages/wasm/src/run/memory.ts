/**
 * `WebAssembly.Memory`, without its name: that is known only where the types of the DOM are, and a program for Node that
 * checks its libraries (`skipLibCheck: false`) has an error in ours instead.
 */
export type Memory = typeof globalThis extends { WebAssembly: { Memory: { prototype: infer M } } }
  ? M
  : { readonly buffer: ArrayBuffer; grow(pages: number): number };
