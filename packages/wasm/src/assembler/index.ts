export { Code } from './code.ts';
export { f32, f32x4, f64, f64x2, i16x8, i32, i32x4, i64, i64x2, v128 } from './instructions.ts';
export { call, type FunctionReference, ModuleBuilder } from './module.ts';

export type { F32, F64, I32, Local, V128, Value, ValueType } from './value.ts';
