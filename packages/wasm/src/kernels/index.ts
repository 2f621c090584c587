export { type Argsort, argsortScratch, emitArgsort } from './argsort.ts';
export { type Cumsum, type CumsumVariant, emitCumsum } from './cumsum.ts';
export { emitMatmul, type Matmul, type MatmulSizes, type MatmulVariant, matmulScratch } from './matmul.ts';
export type { KernelDType } from './numeric.ts';
export { emitTranspose, type Transpose } from './transpose.ts';
