import type { OrtModule } from './session.ts';

/** ONNX Runtime, or why it can't be had here and what to do, each in one line. */
export type Runtime =
  | { readonly ort: OrtModule; readonly version: string }
  | { readonly reason: string; readonly remedy: string };
