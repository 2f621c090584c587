import { type Code, type I32, i32, type Local } from '../assembler/index.ts';

export const range = (count: number): number[] => Array.from({ length: count }, (_, k) => k);

export const add = (...terms: readonly I32[]): I32 => terms.reduce((sum, term) => i32.add(sum, term));

export const plus = (value: I32, constant: number): I32 =>
  constant === 0 ? value : i32.add(value, i32.const(constant));

export const times = (value: I32, constant: number): I32 =>
  constant === 1 ? value : i32.mul(value, i32.const(constant));

/** min(end - begin, most). */
export function upTo(code: Code, begin: I32, end: I32, most: number): Local<'i32'> {
  const rest = code.let(i32.sub(end, begin));
  return code.let(i32.select(rest, i32.const(most), i32.lt_s(rest, i32.const(most))));
}

/** Moves an address to `end`, a whole number of steps away. Not by `countTo`, whose comparison is signed: 2 GiB. */
export function walk(code: Code, at: Local<'i32'>, end: I32, step: number | I32, body: (code: Code) => void): void {
  code.while(i32.ne(at, end), (inner) => {
    body(inner);
    inner.set(at, typeof step === 'number' ? plus(at, step) : i32.add(at, step));
  });
}
