/** Numbers as a file holds them, before the loss says what they are for. */
export interface FileArray {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number> | BigInt64Array | BigUint64Array;
  /** What the file says that they are; `number` where it doesn't (text). */
  readonly kind: 'float32' | 'float64' | 'int' | 'bool' | 'number';
}
