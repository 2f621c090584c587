import type { FloatDType } from '@isoloss/core';

/** What a floating-point format can hold, and how it rounds. */
export interface FloatFormat {
  readonly dtype: FloatDType;
  /** Significant bits. */
  readonly precision: number;
  /** Unit roundoff: the largest relative error of one rounding. */
  readonly u: number;
  /** The largest finite number. */
  readonly max: number;
  /** The smallest normal number: what lies below may be flushed to zero. */
  readonly tiny: number;
  /** The smallest number above 0. */
  readonly smallest: number;
  /** The nearest number of the format. */
  round(x: number): number;
}

/** float32 and float64 as IEEE 754 has them. */
export const formats: { readonly [K in FloatDType]: FloatFormat } = {
  float32: {
    dtype: 'float32',
    precision: 24,
    u: 2 ** -24,
    max: (2 - 2 ** -23) * 2 ** 127,
    tiny: 2 ** -126,
    smallest: 2 ** -149,
    round: Math.fround,
  },
  float64: {
    dtype: 'float64',
    precision: 53,
    u: 2 ** -53,
    max: Number.MAX_VALUE,
    tiny: 2 ** -1022,
    smallest: 2 ** -1074,
    round: (x) => x,
  },
};

/** The distance between neighbours of `x` in a format, on the side away from zero. */
export function ulpOf(x: number, { precision, tiny }: FloatFormat): number {
  const magnitude = Math.max(Math.abs(x), tiny);
  return 2 ** (exponentOf(magnitude) - precision + 1);
}

const word = new Float64Array(1);
const bits = new Uint32Array(word.buffer);

/** ⌊log₂|x|⌋ of a finite number that isn't 0. */
function exponentOf(x: number): number {
  word[0] = x;
  const biased = (bits[1]! >>> 20) & 0x7ff;
  return biased === 0 ? Math.floor(Math.log2(Math.abs(x))) : biased - 1023;
}

/** The exponent of the lowest bit set in a finite number that isn't 0: `x` is an integer times 2 to that. */
export function lowestBit(x: number): number {
  word[0] = x;
  const [low, high] = [bits[0]!, bits[1]!];
  const biased = (high >>> 20) & 0x7ff;
  const zeros = low !== 0 ? trailingZeros(low) : 32 + trailingZeros(biased === 0 ? high : high | 0x100000);
  return Math.max(biased, 1) - 1075 + zeros;
}

const trailingZeros = (n: number): number => 31 - Math.clz32(n & -n);

/** Whether `x` is ±2ⁿ: a product or quotient by it doesn't round. */
export function isPowerOfTwo(x: number): boolean {
  return x !== 0 && Number.isFinite(x) && lowestBit(x) === exponentOf(x);
}

/** Knuth's TwoSum: what rounding took from a + b, exactly. */
export function sumResidual(a: number, b: number): number {
  const sum = a + b;
  const shadow = sum - a;
  return a - (sum - shadow) + (b - shadow);
}

const half = (x: number): [high: number, low: number] => {
  const scaled = x * 134217729;
  const high = scaled - (scaled - x);
  return [high, x - high];
};

/** Dekker's TwoProduct: what rounding took from a·b; NaN where its own steps would leave the range. */
export function productResidual(a: number, b: number): number {
  const product = a * b;
  if (product === 0 && (a === 0 || b === 0)) return 0;
  const magnitude = Math.abs(product);
  if (!(magnitude > 2 ** -960 && magnitude < 2 ** 996 && Math.abs(a) < 2 ** 996 && Math.abs(b) < 2 ** 996))
    return Number.NaN;
  const [aHigh, aLow] = half(a);
  const [bHigh, bLow] = half(b);
  return aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow);
}
