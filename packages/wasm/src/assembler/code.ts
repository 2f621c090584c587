import { i32, laneStores, stores } from './instructions.ts';
import { type I32, type Local, type V128, type Value, type ValueType, writeOpcode } from './value.ts';
import type { Writer } from './writer.ts';

const typeCode: Readonly<Record<ValueType, number>> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b };
export const codeOfType = (type: ValueType): number => typeCode[type];

type Statement = (out: Writer, depth: number) => void;

/** The variables of one function. */
export class Locals {
  readonly types: ValueType[];
  readonly parameters: number;

  constructor(parameters: readonly ValueType[]) {
    this.types = [...parameters];
    this.parameters = parameters.length;
  }

  add<T extends ValueType>(type: T): Local<T> {
    return this.at(this.types.push(type) - 1, type);
  }

  at<T extends ValueType>(index: number, type: T): Local<T> {
    return {
      type,
      index,
      write(out) {
        out.byte(0x20);
        out.u32(index);
      },
    };
  }
}

/**
 * Statements of a function, in order. A {@link section} keeps a place open: what is appended to it later still stands
 * where it was opened, which is how values are moved out of a loop.
 */
export class Code {
  private readonly statements: Statement[] = [];
  readonly locals: Locals;

  constructor(locals: Locals) {
    this.locals = locals;
  }

  /** Binds a value to a new variable, so that it is computed once. */
  let<T extends ValueType>(value: Value<T>): Local<T> {
    const local = this.locals.add(value.type);
    this.set(local, value);
    return local;
  }

  variable<T extends ValueType>(type: T): Local<T> {
    return this.locals.add(type);
  }

  set<T extends ValueType>(local: Local<T>, value: Value<T>): void {
    if (local.type !== value.type) throw new TypeError(`a variable of ${local.type} is set to ${value.type}`);
    this.statements.push((out) => {
      value.write(out);
      out.byte(0x21);
      out.u32(local.index);
    });
  }

  store(address: I32, value: Value<keyof typeof stores>, offset = 0): void {
    const [opcode, alignment] = stores[value.type];
    this.statements.push((out) => {
      address.write(out);
      value.write(out);
      writeOpcode(out, opcode);
      out.u32(alignment);
      out.u32(offset);
    });
  }

  storeLane(bits: 32 | 64, address: I32, vector: V128, lane: number, offset = 0): void {
    const [opcode, alignment] = laneStores[bits];
    this.statements.push((out) => {
      address.write(out);
      vector.write(out);
      writeOpcode(out, opcode);
      out.u32(alignment);
      out.u32(offset);
      out.byte(lane);
    });
  }

  /** memory.fill: `length` bytes at `address` become `byte`. */
  fill(address: I32, byte: I32, length: I32): void {
    this.statements.push((out) => {
      for (const operand of [address, byte, length]) operand.write(out);
      writeOpcode(out, 0xfc000b);
      out.byte(0);
    });
  }

  /** memory.copy. */
  copy(to: I32, from: I32, length: I32): void {
    this.statements.push((out) => {
      for (const operand of [to, from, length]) operand.write(out);
      writeOpcode(out, 0xfc000a);
      out.byte(0);
      out.byte(0);
    });
  }

  /** A place here to which statements can still be appended later. */
  section(): Code {
    const inner = new Code(this.locals);
    this.statements.push((out, depth) => inner.write(out, depth));
    return inner;
  }

  /** Statements that run if the condition is not 0. */
  if(condition: I32, then: (code: Code) => void, otherwise?: (code: Code) => void): void {
    const [yes, no] = [new Code(this.locals), new Code(this.locals)];
    then(yes);
    otherwise?.(no);
    this.statements.push((out, depth) => {
      condition.write(out);
      out.byte(0x04);
      out.byte(0x40);
      yes.write(out, depth + 1);
      if (otherwise !== undefined) {
        out.byte(0x05);
        no.write(out, depth + 1);
      }
      out.byte(0x0b);
    });
  }

  /** Runs the body while the condition, read before each turn, is not 0. */
  while(condition: I32, body: (code: Code) => void): void {
    const inner = new Code(this.locals);
    body(inner);
    // if (c) loop { body; br_if c }: one jump a turn.
    this.statements.push((out, depth) => {
      condition.write(out);
      out.byte(0x04);
      out.byte(0x40);
      out.byte(0x03);
      out.byte(0x40);
      inner.write(out, depth + 2);
      condition.write(out);
      out.byte(0x0d);
      out.u32(0);
      out.byte(0x0b);
      out.byte(0x0b);
    });
  }

  /** Counts `counter` from its present value up to `end`, exclusive (signed), by `step`. */
  countTo(counter: Local<'i32'>, end: I32, step: number | I32, body: (code: Code) => void): void {
    const by = typeof step === 'number' ? i32.const(step) : step;
    this.while(i32.lt_s(counter, end), (inner) => {
      body(inner);
      inner.set(counter, i32.add(counter, by));
    });
  }

  /** A call of a function of the same module that gives no result. */
  call(index: number, operands: readonly Value[]): void {
    this.statements.push((out) => {
      for (const operand of operands) operand.write(out);
      out.byte(0x10);
      out.u32(index);
    });
  }

  write(out: Writer, depth = 0): void {
    for (const statement of this.statements) statement(out, depth);
  }
}
