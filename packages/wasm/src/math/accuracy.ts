import { accuracy as f32 } from './f32.ts';
import { accuracy as f64 } from './f64.ts';

/** Largest errors in ULP of the functions that primitives are lowered to, in either float type; at least 1. */
export const accuracy: Readonly<Record<string, number>> = Object.fromEntries(
  (['exp', 'expm1', 'log', 'log1p', 'sin', 'cos', 'atan', 'pow'] as const).map((name) => [
    name,
    Math.max(1, f32[name], f64[name]),
  ]),
);
