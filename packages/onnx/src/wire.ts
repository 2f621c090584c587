import { LossInputError } from '@isoloss/core';

/**
 * The wire format of Protocol Buffers, written and read by hand: no dependency, the same bytes for the same message
 * everywhere, and, in reading, nothing decoded but what is asked for.
 */

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/** Chunks as one. */
export function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    result.set(chunk, at);
    at += chunk.length;
  }
  return result;
}

/** A message under construction: bytes in chunks, joined once. */
export class Message {
  private readonly chunks: Uint8Array[] = [];

  private varint(value: bigint): void {
    // A negative number is its 64-bit two's complement: ten bytes.
    let rest = BigInt.asUintN(64, value);
    const bytes: number[] = [];
    while (rest > 0x7fn) {
      bytes.push(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    bytes.push(Number(rest));
    this.chunks.push(Uint8Array.from(bytes));
  }

  int(field: number, value: number | bigint): this {
    this.varint(BigInt(field << 3));
    this.varint(BigInt(value));
    return this;
  }

  /** The tag and the length of a field whose bytes come from elsewhere. */
  header(field: number, length: number): this {
    this.varint(BigInt((field << 3) | 2));
    this.varint(BigInt(length));
    return this;
  }

  bytes(field: number, value: Uint8Array): this {
    this.header(field, value.length);
    this.chunks.push(value);
    return this;
  }

  string(field: number, value: string): this {
    return this.bytes(field, encoder.encode(value));
  }

  message(field: number, value: Message): this {
    return this.bytes(field, value.finish());
  }

  each<T>(values: Iterable<T>, write: (value: T) => void): this {
    for (const value of values) write(value);
    return this;
  }

  finish(): Uint8Array {
    return joined(this.chunks);
  }
}

/** A field of a message that is being read: where it lies, and its number if it is one. */
export interface Field {
  readonly number: number;
  /** Where its tag begins, its content begins, and it ends. */
  readonly from: number;
  readonly start: number;
  readonly end: number;
  /** The value of a varint; of anything else undefined. */
  readonly value: number | undefined;
}

/** Bytes that are not what they should be. */
export const malformed = (what: string): LossInputError => new LossInputError('BAD_FILE', `not an ONNX model: ${what}`);

/** One message inside bytes, which are not copied. */
export class MessageView {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
  }

  /**
   * The fields in their order.
   * @throws LossInputError BAD_FILE where the bytes end too soon or are no message
   */
  *fields(): Generator<Field> {
    let at = this.start;
    while (at < this.end) {
      const from = at;
      const tag = this.varint(at);
      const number = Math.floor(tag.value / 8);
      const kind = tag.value % 8;
      if (number === 0 || number >= 2 ** 29) throw malformed(`no field ${number} can be at byte ${from}`);
      let [start, end, value]: [number, number, number | undefined] = [tag.end, tag.end, undefined];
      if (kind === 0) ({ end, value } = this.varint(start));
      else if (kind === 1) end += 8;
      else if (kind === 5) end += 4;
      else if (kind === 2) {
        const length = this.varint(start);
        start = length.end;
        end = start + length.value;
      } else throw malformed(`the field at byte ${from} is of no known kind`);
      if (end > this.end) throw malformed(`it ends in the middle of the field at byte ${from}; is it cut off?`);
      yield { number, from, start, end, value };
      at = end;
    }
  }

  /** A field's content as a message of its own. */
  inside(field: Field): MessageView {
    if (field.value !== undefined) throw malformed(`a message is missing at byte ${field.from}`);
    return new MessageView(this.bytes, field.start, field.end);
  }

  text(field: Field): string {
    try {
      return decoder.decode(this.content(field));
    } catch {
      throw malformed(`the text at byte ${field.from} is not UTF-8`);
    }
  }

  number(field: Field): number {
    if (field.value === undefined) throw malformed(`a number is missing at byte ${field.from}`);
    return field.value;
  }

  /** The numbers of a repeated field, one by one or packed. */
  numbers(field: Field): number[] {
    if (field.value !== undefined) return [field.value];
    const found: number[] = [];
    for (let at = field.start; at < field.end; ) {
      const { value, end } = this.varint(at);
      if (end > field.end) throw malformed(`the numbers at byte ${field.from} end too soon`);
      found.push(value);
      at = end;
    }
    return found;
  }

  content({ start, end }: Field): Uint8Array {
    return this.bytes.subarray(start, end);
  }

  /** A number as an int64; beyond 2⁵³ only about. */
  private varint(start: number): { value: number; end: number } {
    let value = 0;
    for (let k = 0; k < 10; k++) {
      const byte = start + k < this.end ? this.bytes[start + k]! : undefined;
      if (byte === undefined) throw malformed(`it ends in the middle of the number at byte ${start}; is it cut off?`);
      if (k === 9) return { value: Number(BigInt.asIntN(64, this.long(start))), end: start + 10 };
      value += (byte & 0x7f) * 2 ** (7 * k);
      if (byte < 0x80) return { value, end: start + k + 1 };
    }
    throw malformed(`the number at byte ${start} has no end`);
  }

  private long(start: number): bigint {
    return Array.from(this.bytes.subarray(start, start + 10)).reduceRight(
      (value, byte) => (value << 7n) | BigInt(byte & 0x7f),
      0n,
    );
  }
}
