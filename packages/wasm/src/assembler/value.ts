import type { Writer } from './writer.ts';

export type ValueType = 'i32' | 'i64' | 'f32' | 'f64' | 'v128';

/**
 * A typed expression. It is written where it is used, each time: bind what is used twice with {@link Code.let}.
 * Operand types are checked when an expression is made, so that a mistake is thrown where it was written.
 */
export interface Value<T extends ValueType = ValueType> {
  readonly type: T;
  write(out: Writer): void;
}

export type I32 = Value<'i32'>;
export type I64 = Value<'i64'>;
export type F32 = Value<'f32'>;
export type F64 = Value<'f64'>;
export type V128 = Value<'v128'>;

/** A variable of a function: an expression that reads it, and a place to write to. */
export interface Local<T extends ValueType = ValueType> extends Value<T> {
  readonly index: number;
}

export const isLocal = (value: Value): value is Local => 'index' in value;

/** Operand and result types, as `v128 v128 -> v128`. */
export type Signature = string;
type Operands<S extends string> = S extends `${infer Head} ${infer Tail}`
  ? [Value<Head & ValueType>, ...Operands<Tail>]
  : [Value<S & ValueType>];
type OperandsOf<S extends Signature> = S extends `${infer In} -> ${string}` ? Operands<In> : [];
type Result<S extends Signature> = S extends `${string} -> ${infer R}` ? Value<R & ValueType> : Value;

/** Opcodes above 0xff are a prefix byte and a LEB128 number: 0xfd00e4 is 0xfd, 0xe4. */
export function writeOpcode(out: Writer, opcode: number): void {
  if (opcode > 0xff) {
    out.byte(opcode >> 16);
    out.u32(opcode & 0xffff);
  } else out.byte(opcode);
}

/** An expression of an instruction; `immediate` writes what follows its opcode. */
export function instruction<T extends ValueType>(
  name: string,
  opcode: number,
  signature: Signature,
  operands: readonly Value[],
  immediate?: (out: Writer) => void,
): Value<T> {
  const [wanted, result] = signature.split(' -> ');
  const given = operands.map((operand) => operand.type).join(' ');
  if (given !== wanted) throw new TypeError(`${name} takes (${wanted}), not (${given})`);
  return {
    type: result as T,
    write(out) {
      for (const operand of operands) operand.write(out);
      writeOpcode(out, opcode);
      immediate?.(out);
    },
  };
}

export type OpTable = Readonly<Record<string, readonly [opcode: number, signature: Signature]>>;
export type Family<T extends OpTable> = {
  readonly [K in keyof T]: (...operands: OperandsOf<T[K][1]>) => Result<T[K][1]>;
};

/** Functions of the names in a table of instructions without immediates. */
export function family<const T extends OpTable>(prefix: string, table: T): Family<T> {
  return Object.fromEntries(
    Object.entries(table).map(([name, [opcode, signature]]) => [
      name,
      (...operands: Value[]) => instruction(`${prefix}.${name}`, opcode, signature, operands),
    ]),
  ) as unknown as Family<T>;
}
