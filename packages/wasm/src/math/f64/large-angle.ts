/**
 * Angles so large that n·π/2 is no f64 any more: Payne and Hanek's way, a lane at a time, for lanes that need it.
 *
 * |x| = m·2^e, m of 53 bits. Of 2/π only the bits whose product with it is neither a multiple of 4 nor below 2^-137 count:
 * 192 of them, three words, times m, which gives |x|·2/π mod 4 in two words. Between neighbouring f64 and multiples of π/2
 * lie at least 2^-61 of the latter, so that more than 60 bits of the fraction are left.
 */
import { type Code, f64, f64x2, i32, i64, i64x2, type Local, type V128, v128 } from '../../assembler/index.ts';
import { add, bits, constant, fastTwoSum, mul, signBit, sub } from './common.ts';

/** 2/π after the point, behind a word of zeros. */
const words = [
  0n,
  0xa2f9836e4e441529n,
  0xfc2757d1f534ddc0n,
  0xdb6295993c439041n,
  0xfe5163abdebbc561n,
  0xb7246e3a424dd2e0n,
  0x06492eea09d1921cn,
  0xfe1deb1cb129a73en,
  0xe88235f52ebb4484n,
  0xe99c7026b45f7e41n,
  0x3991d639835339f4n,
  0x9c845f8bbdf9283bn,
  0x1ff897ffde05980fn,
  0xef2f118b5a0a6d1fn,
  0x6d367ecf27cb09b7n,
  0x4f463f669e5fea2dn,
  0x7527bac7ebe5f17bn,
  0x3d0739f78a5292ean,
  0x6bfb5fb11f8d5d08n,
  0x56033046fc7b6babn,
];

/** Sets three variables to three words of 2/π from that of the number `at`, shifted to the left. */
function loadWords(code: Code, at: Local<'i32'>, shift: Local<'i64'>) {
  const word = [0, 1, 2, 3].map(() => code.variable('i64')) as [Local<'i64'>, Local<'i64'>, Local<'i64'>, Local<'i64'>];
  const choose = (inner: Code, low: number, high: number): void => {
    if (low === high) {
      for (const [k, local] of word.entries()) inner.set(local, i64.const(words[low + k]!));
      return;
    }
    const middle = (low + high + 1) >> 1;
    inner.if(
      i32.lt_s(at, i32.const(middle)),
      (less) => choose(less, low, middle - 1),
      (more) => choose(more, middle, high),
    );
  };
  choose(code, 0, words.length - word.length);
  const join = (a: Local<'i64'>, b: Local<'i64'>) =>
    // A shift by 64 is one by 0: so by 1, then by up to 63.
    code.let(i64.or(i64.shl(a, shift), i64.shr_u(i64.shr_u(b, i64.const(1n)), i64.sub(i64.const(63n), shift))));
  return [join(word[0], word[1]), join(word[1], word[2]), join(word[2], word[3])] as const;
}

const lowHalf = (value: Local<'i64'>) => i64.and(value, i64.const(0xffffffffn));
const highHalf = (value: Local<'i64'>) => i64.shr_u(value, i64.const(32n));

/** The upper 64 bits of a·b, a < 2⁵³. */
function multiplyHigh(code: Code, a: Local<'i64'>, b: Local<'i64'>) {
  const [a0, a1] = [code.let(lowHalf(a)), code.let(highHalf(a))];
  const [b0, b1] = [code.let(lowHalf(b)), code.let(highHalf(b))];
  const cross = code.let(i64.mul(a0, b1));
  const middle = i64.add(i64.shr_u(i64.mul(a0, b0), i64.const(32n)), i64.add(lowHalf(cross), i64.mul(a1, b0)));
  return i64.add(i64.mul(a1, b1), i64.add(highHalf(cross), i64.shr_u(middle, i64.const(32n))));
}

/** π/2: all, its first 32 bits, and the rest. */
const halfPi = Math.PI / 2;
const halfPiHigh = 1.5707963267341256;
const halfPiRest = 6.077100506506192e-11;

/** n, as an integer, and x − n·π/2 = high + low, of |x| >= 2⁶ in each lane; NaN for ±∞. */
export function reduceLarge(code: Code, x: Local<'v128'>) {
  const n = code.let(bits(0n));
  const turn = code.let(constant(0));
  const turnLow = code.let(constant(0));
  // Two turns, in each the lane 0, then the lanes change places.
  const rest = code.let(x);
  const swap = (inner: Code, vector: Local<'v128'>) =>
    inner.set(vector, v128.shuffle(vector, vector, [8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7]));
  const lane = code.let(i32.const(0));
  code.countTo(lane, i32.const(2), 1, (loop) => {
    const pattern = loop.let(i64x2.extract_lane(rest, 0));
    const mantissa = loop.let(i64.or(i64.and(pattern, i64.const(0x000fffffffffffffn)), i64.const(0x0010000000000000n)));
    // e = exponent − 1075. Bits of 2/π up to the one of 2^(2−e), counted behind the word of zeros, have no part in it.
    const exponent = i32.wrap_i64(i64.and(i64.shr_u(pattern, i64.const(52n)), i64.const(0x7ffn)));
    const skipped = loop.let(i32.sub(exponent, i32.const(1075 + 2 - 64)));
    const shift = loop.let(i64.extend_i32_u(i32.and(skipped, i32.const(63))));
    const [a, b, c] = loadWords(loop, loop.let(i32.shr_s(skipped, i32.const(6))), shift);
    // The fraction of |x|·2/π/4: upper·2^-64 + lower·2^-128.
    const product = loop.let(i64.mul(mantissa, b));
    const lower = loop.let(i64.add(product, multiplyHigh(loop, mantissa, c)));
    const carry = i64.extend_i32_u(i64.lt_u(lower, product));
    const upper = loop.let(i64.add(i64.add(i64.mul(mantissa, a), multiplyHigh(loop, mantissa, b)), carry));
    const quarter = loop.let(i64.shr_u(i64.add(upper, i64.const(1n << 61n)), i64.const(62n)));
    const signed = loop.let(i64.sub(upper, i64.shl(quarter, i64.const(62n))));
    // Each half word is an f64; in units of π/2 the upper ones are 2^-30 and 2^-62.
    const piece = (value: ReturnType<typeof lowHalf>, scale: number) =>
      f64.mul(f64.convert_i64_s(value), f64.const(scale));
    const first = loop.let(piece(i64.shr_s(signed, i64.const(32n)), 2 ** -30));
    const second = loop.let(piece(lowHalf(signed), 2 ** -62));
    const sum = loop.let(f64.add(first, second));
    const tail = f64.add(piece(highHalf(lower), 2 ** -94), piece(lowHalf(lower), 2 ** -126));
    const left = loop.let(f64.add(f64.sub(second, f64.sub(sum, first)), tail));
    loop.set(n, i64x2.replace_lane(n, 0, quarter));
    loop.set(turn, f64x2.replace_lane(turn, 0, sum));
    loop.set(turnLow, f64x2.replace_lane(turnLow, 0, left));
    for (const vector of [n, turn, turnLow, rest]) swap(loop, vector);
  });
  // (turn + turnLow)·π/2, by a product whose first part is exact.
  const { sum: whole, error } = fastTwoSum(code, turn, turnLow);
  const small = code.let(error);
  const cut = code.let(v128.and(whole, bits(0xffffffff00000000n)));
  const product = code.let(mul(cut, constant(halfPiHigh)));
  const remainder = code.let(
    add(mul(cut, constant(halfPiRest)), add(mul(sub(whole, cut), constant(halfPi)), mul(small, constant(halfPi)))),
  );
  const { sum: high, error: low } = fastTwoSum(code, product, remainder);
  const negative = code.let(f64x2.lt(x, constant(0)));
  const sign = code.let(v128.and(x, bits(signBit)));
  return {
    n: i64x2.sub(v128.xor(n, negative), negative),
    // 0·∞ is NaN.
    high: add(v128.xor(high, sign), mul(x, constant(0))),
    low: v128.xor(low, sign) as V128,
  };
}
