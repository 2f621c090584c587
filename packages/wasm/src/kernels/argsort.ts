import {
  type Code,
  type FunctionReference,
  type I32,
  i32,
  i32x4,
  i64,
  i64x2,
  type ModuleBuilder,
  v128,
} from '../assembler/index.ts';
import { add, plus, range, times, walk } from './arithmetic.ts';
import { type KernelDType, numerics } from './numeric.ts';

/** The exported function: addresses and the scratch are in bytes, lines beginLine <= l < endLine are written. */
export type Argsort = (
  keys: number,
  out: number,
  scratch: number,
  length: number,
  beginLine: number,
  endLine: number,
) => void;

/** Up to this length, counting the keys before each is faster than counting digits. */
const rankingLength: Readonly<Record<KernelDType, number>> = { float32: 192, float64: 128 };
/** From this length on, the fewer passes of wide digits are worth their larger counters. */
const wideLength = 4000;

/** Of a record, which is a key's words, low one first, and its index. */
const recordShift: Readonly<Record<KernelDType, number>> = { float32: 3, float64: 4 };
const words = (dtype: KernelDType): number => numerics[dtype].bytes / 4;

interface Digit {
  readonly word: number;
  readonly shift: number;
  /** Where its counters are, in bytes. */
  readonly counters: number;
}

const digitsOf = (dtype: KernelDType, bits: number): Digit[] => {
  const perWord = Math.ceil(32 / bits);
  return range(words(dtype) * perWord).map((k) => ({
    word: Math.floor(k / perWord),
    shift: (k % perWord) * bits,
    counters: (4 << bits) * k,
  }));
};

const narrow = 8;
const wide = 11;
const counterBytes = (dtype: KernelDType, bits: number): number => digitsOf(dtype, bits).length * (4 << bits);
const bitsFor = (length: number): number => (length < wideLength ? narrow : wide);

/** Bytes of scratch, 16-byte aligned, for each call that runs at the same time. */
export function argsortScratch(dtype: KernelDType, { length }: { readonly length: number }): number {
  if (length <= rankingLength[dtype]) return 16 * Math.ceil((length * numerics[dtype].bytes) / 16);
  return counterBytes(dtype, bitsFor(length)) + 2 * (length << recordShift[dtype]);
}

/** Binds the words of a key as unsigned integers in the keys' order: -0 is 0, all NaN are equal and last. */
function orderedWords(code: Code, dtype: KernelDType, at: I32): I32[] {
  const sign = i32.const(-0x80000000);
  const given = range(words(dtype)).map((word) => code.let(i32.load(at, 4 * word)));
  const high = given.at(-1)!;
  const low = given.length > 1 ? given[0]! : i32.const(0);
  const size = code.let(i32.shl(high, i32.const(1)));
  const infinity = i32.const(dtype === 'float32' ? 0xff000000 : 0xffe00000);
  const beyond = i32.or(i32.gt_u(size, infinity), i32.and(i32.eq(size, infinity), i32.ne(low, i32.const(0))));
  const ones = code.let(i32.sub(i32.const(0), beyond));
  // Negative numbers are turned over as a whole, of others the sign alone; -0 is first made 0.
  const zero = i32.eqz(i32.or(size, low));
  const negative = code.let(i32.shr_s(i32.select(i32.const(0), high, zero), i32.const(31)));
  return given.map((word, k) => {
    const plain = i32.select(i32.const(0), word, zero);
    const flips = k === given.length - 1 ? i32.or(negative, sign) : negative;
    return code.let(i32.or(i32.xor(k === given.length - 1 ? plain : word, flips), ones));
  });
}

/**
 * The place of each key is how many come before it: n²/16 comparisons of four keys with four (f64: n²/4 of two with
 * two), but no jump that depends on the keys.
 */
function emitRanking(module: ModuleBuilder, dtype: KernelDType): FunctionReference {
  const { bytes, lanes, loadSplat, transpose } = numerics[dtype];
  const ints = dtype === 'float32' ? i32x4 : i64x2;
  const ones = (chosen: (lane: number) => boolean) =>
    i32x4.const(range(4).map((k) => (chosen(Math.floor((k * lanes) / 4)) ? -1 : 0)));
  return module.function({ parameters: ['i32', 'i32', 'i32', 'i32'] }, (code, [keys, out, scratch, length]) => {
    const greatest = i32.const(0x7fffffff);
    // The keys as signed integers, and up to a whole vector the greatest, which comes before none.
    const at = code.let(scratch);
    const last = code.let(add(scratch, times(length, bytes)));
    const end = code.let(i32.and(plus(last, 15), i32.const(-16)));
    const store = (body: Code, key: readonly I32[]) => {
      for (const [word, value] of key.entries()) body.store(at, value, 4 * word);
    };
    walk(code, at, last, bytes, (loop) => {
      const key = orderedWords(loop, dtype, keys);
      store(loop, key.with(-1, i32.xor(key.at(-1)!, i32.const(-0x80000000))));
      loop.set(keys, plus(keys, bytes));
    });
    walk(code, at, end, bytes, (loop) => store(loop, dtype === 'float32' ? [greatest] : [i32.const(-1), greatest]));

    const index = code.let(i32.const(0));
    code.set(at, scratch);
    walk(code, at, end, 16, (block) => {
      const own = block.let(v128.load(at));
      const mine = range(lanes).map((k) => block.let(loadSplat(at, k * bytes)));
      // Of equal keys, those before come first: within the vector, then in the vectors before and after it.
      const counts = mine.map((key, k) => {
        const before = v128.and(
          v128.not(ints.gt_s(own, key)),
          ones((lane) => lane < k),
        );
        const after = v128.and(
          ints.lt_s(own, key),
          ones((lane) => lane > k),
        );
        return block.let(ints.sub(i32x4.const(0), v128.or(before, after)));
      });
      const other = block.let(scratch);
      walk(block, other, at, 16, (loop) => {
        const theirs = loop.let(v128.load(other));
        for (const [k, key] of mine.entries()) loop.set(counts[k]!, ints.add(counts[k]!, ints.gt_s(theirs, key)));
      });
      block.set(other, plus(at, 16));
      walk(block, other, end, 16, (loop) => {
        const theirs = loop.let(v128.load(other));
        for (const [k, key] of mine.entries()) loop.set(counts[k]!, ints.sub(counts[k]!, ints.lt_s(theirs, key)));
      });
      const place = block.let(transpose(block, counts).reduce((a, b) => ints.add(a, b)));
      for (const k of range(lanes)) {
        // Counted so far: those of the vectors before that are greater, as -1 each.
        const rank = add(index, i32x4.extract_lane(place, (k * 4) / lanes));
        block.if(i32.lt_s(plus(index, k), length), (body) => body.store(add(out, times(rank, 4)), plus(index, k)));
      }
      block.set(index, plus(index, lanes));
    });
    return undefined;
  });
}

/** Counts how often each value of each digit occurs. */
function emitCount(module: ModuleBuilder, dtype: KernelDType, bits: number): FunctionReference {
  const { bytes } = numerics[dtype];
  return module.function({ parameters: ['i32', 'i32', 'i32'] }, (code, [keys, length, counters]) => {
    code.fill(counters, i32.const(0), i32.const(counterBytes(dtype, bits)));
    const end = code.let(add(keys, times(length, bytes)));
    walk(code, keys, end, bytes, (loop) => {
      const key = orderedWords(loop, dtype, keys);
      for (const { word, shift, counters: offset } of digitsOf(dtype, bits)) {
        const digit = i32.and(i32.shr_u(key[word]!, i32.const(shift)), i32.const((1 << bits) - 1));
        const counter = loop.let(add(counters, times(digit, 4)));
        loop.store(counter, plus(i32.load(counter, offset), 1), offset);
      }
    });
    return undefined;
  });
}

/** Makes counts of a digit's values the addresses where their records begin. */
function emitPlaces(module: ModuleBuilder): FunctionReference {
  return module.function({ parameters: ['i32', 'i32', 'i32', 'i32'] }, (code, [counters, end, to, shift]) => {
    const place = code.let(to);
    walk(code, counters, end, 4, (loop) => {
      const count = loop.let(i32.load(counters));
      loop.store(counters, place);
      loop.set(place, add(place, i32.shl(count, shift)));
    });
    return undefined;
  });
}

/** One pass: every record goes to the place of its digit. The first pass reads keys, the last writes indices alone. */
function emitPass(module: ModuleBuilder, dtype: KernelDType, first: boolean, last: boolean): FunctionReference {
  const { bytes } = numerics[dtype];
  const recordBytes = 1 << recordShift[dtype];
  const indexAt = bytes;
  return module.function(
    { parameters: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'] },
    (code, [from, length, counters, word, shift, mask]) => {
      const at = code.let(from);
      const index = code.let(i32.const(0));
      const step = first ? bytes : recordBytes;
      const end = code.let(add(from, times(length, step)));
      walk(code, at, end, step, (loop) => {
        const key = first ? orderedWords(loop, dtype, at) : [];
        const digitWord = first
          ? key.length === 1
            ? key[0]!
            : i32.select(key[1]!, key[0]!, word)
          : i32.load(i32.add(at, word));
        const digit = i32.and(i32.shr_u(digitWord, shift), mask);
        const counter = loop.let(add(counters, times(digit, 4)));
        const place = loop.let(i32.load(counter));
        if (last) loop.store(place, first ? index : i32.load(at, indexAt));
        else if (first) {
          for (const [k, part] of key.entries()) loop.store(place, part, 4 * k);
          loop.store(place, index, indexAt);
        } else loop.store(place, recordBytes === 8 ? i64.load(at) : v128.load(at));
        loop.store(counter, plus(place, last ? 4 : recordBytes));
        if (first) loop.set(index, plus(index, 1));
      });
      return undefined;
    },
  );
}

/** Sorts one line by its digits, lowest first; a digit that all keys share is passed over. */
function emitRadix(module: ModuleBuilder, dtype: KernelDType, bits: number, shared: Shared): FunctionReference {
  const count = emitCount(module, dtype, bits);
  const digits = digitsOf(dtype, bits);
  const mask = (1 << bits) - 1;
  return module.function({ parameters: ['i32', 'i32', 'i32', 'i32'] }, (code, [keys, out, scratch, length]) => {
    code.call(count.index, [keys, length, scratch]);
    const first = orderedWords(code, dtype, keys);
    const varies = digits.map(({ word, shift, counters }) => {
      const digit = i32.and(i32.shr_u(first[word]!, i32.const(shift)), i32.const(mask));
      return code.let(i32.ne(i32.load(add(scratch, times(digit, 4)), counters), length));
    });
    const left = code.let(add(...varies));
    code.if(i32.eqz(left), (same) => {
      const k = same.let(i32.const(0));
      same.countTo(k, length, 1, (loop) => loop.store(add(out, times(k, 4)), k));
    });
    const from = code.let(keys);
    const to = code.let(plus(scratch, counterBytes(dtype, bits)));
    const other = code.let(add(to, i32.shl(length, i32.const(recordShift[dtype]))));
    const spare = code.variable('i32');
    for (const [k, { word, shift, counters }] of digits.entries())
      code.if(varies[k]!, (pass) => {
        pass.set(left, plus(left, -1));
        const here = pass.let(plus(scratch, counters));
        const run = (body: Code, target: I32, last: boolean): void => {
          body.call(shared.places.index, [
            ...[here, plus(here, 4 << bits), target],
            i32.const(last ? 2 : recordShift[dtype]),
          ]);
          const call = (inner: Code, isFirst: boolean): void =>
            inner.call(shared.passes[isFirst ? 1 : 0][last ? 1 : 0].index, [
              ...[from, length, here, i32.const(4 * word), i32.const(shift), i32.const(mask)],
            ]);
          body.if(
            i32.eq(from, keys),
            (inner) => call(inner, true),
            (inner) => call(inner, false),
          );
        };
        pass.if(
          left,
          (body) => {
            run(body, to, false);
            body.set(from, to);
            body.set(spare, to);
            body.set(to, other);
            body.set(other, spare);
          },
          (body) => run(body, out, true),
        );
      });
    return undefined;
  });
}

interface Shared {
  readonly places: FunctionReference;
  /** By whether it is the first and the last. */
  readonly passes: readonly [
    readonly [FunctionReference, FunctionReference],
    readonly [FunctionReference, FunctionReference],
  ];
}

/**
 * Exports `argsort` ({@link Argsort}): for each line of `length` keys, their int32 indices in ascending order of the
 * keys, stable; -0 equals 0, and NaN, all equal, are last.
 */
export function emitArgsort(module: ModuleBuilder, dtype: KernelDType): void {
  const ranking = emitRanking(module, dtype);
  const pass = (first: boolean, last: boolean) => emitPass(module, dtype, first, last);
  const shared: Shared = {
    places: emitPlaces(module),
    passes: [
      [pass(false, false), pass(false, true)],
      [pass(true, false), pass(true, true)],
    ],
  };
  const [ofNarrow, ofWide] = [narrow, wide].map((bits) => emitRadix(module, dtype, bits, shared));
  module.function(
    { name: 'argsort', parameters: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'] },
    (code, [keys, out, scratch, length, beginLine, endLine]) => {
      const line = code.let(beginLine);
      code.countTo(line, endLine, 1, (body) => {
        const first = body.let(i32.mul(line, length));
        const operands = [add(keys, times(first, numerics[dtype].bytes)), add(out, times(first, 4)), scratch, length];
        const call = (target: FunctionReference) => (inner: Code) => inner.call(target.index, operands);
        body.if(i32.le_s(length, i32.const(rankingLength[dtype])), call(ranking), (long) =>
          long.if(i32.lt_s(length, i32.const(wideLength)), call(ofNarrow!), call(ofWide!)),
        );
      });
      return undefined;
    },
  );
}
