import { Code, codeOfType, Locals } from './code.ts';
import type { Local, Value, ValueType } from './value.ts';
import { Writer } from './writer.ts';

interface Declared {
  readonly parameters: readonly ValueType[];
  readonly result: ValueType | undefined;
  readonly exported: string | undefined;
  body?: Uint8Array;
}

type Parameters<T extends readonly ValueType[]> = { [K in keyof T]: Local<T[K]> };

/** A function of the module that can be called from the others. */
export interface FunctionReference<R extends ValueType = ValueType> {
  readonly index: number;
  readonly parameters: readonly ValueType[];
  readonly result: R | undefined;
}

/**
 * A WebAssembly module over one imported memory (`env.memory`).
 *
 * @example
 * const module = new ModuleBuilder();
 * module.function({ name: 'square', parameters: ['v128'], result: 'v128' }, (code, [x]) => f32x4.mul(x, x));
 * new WebAssembly.Module(module.bytes());
 */
export class ModuleBuilder {
  private readonly functions: Declared[] = [];
  private readonly shared: { readonly maximum: number } | undefined;

  /** `shared`: the memory is shared between threads; its maximum in pages must be that of the memory given. */
  constructor(shared?: { readonly maximum: number }) {
    this.shared = shared;
  }

  function<const P extends readonly ValueType[], R extends ValueType>(
    { name, parameters, result }: { name?: string; parameters: P; result?: R },
    body: (code: Code, parameters: Parameters<P>) => Value<R> | undefined,
  ): FunctionReference<R> {
    const locals = new Locals(parameters);
    const code = new Code(locals);
    const given = parameters.map((type, index) => locals.at(index, type)) as unknown as Parameters<P>;
    const value = body(code, given);
    if (value?.type !== result) throw new TypeError(`${name ?? 'a function'} gives ${value?.type}, not ${result}`);
    const out = new Writer();
    const own = locals.types.slice(locals.parameters);
    const runs: [ValueType, number][] = [];
    for (const type of own) {
      const last = runs.at(-1);
      if (last !== undefined && last[0] === type) last[1]++;
      else runs.push([type, 1]);
    }
    out.u32(runs.length);
    for (const [type, count] of runs) {
      out.u32(count);
      out.byte(codeOfType(type));
    }
    code.write(out);
    value?.write(out);
    out.byte(0x0b);
    this.functions.push({ parameters, result, exported: name, body: out.finish() });
    return { index: this.functions.length - 1, parameters, result };
  }

  /** The number of its functions so far. */
  get size(): number {
    return this.functions.length;
  }

  /** The module in binary form. */
  bytes(): Uint8Array<ArrayBuffer> {
    const signatures: string[] = [];
    const typeIndex = (declared: Declared): number => {
      const key = JSON.stringify([declared.parameters, declared.result ?? null]);
      const known = signatures.indexOf(key);
      return known >= 0 ? known : signatures.push(key) - 1;
    };
    const types = this.functions.map(typeIndex);
    const out = new Writer();
    for (const byte of [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]) out.byte(byte);
    const section = (id: number, write: (inner: Writer) => void) => {
      out.byte(id);
      out.sized(write);
    };
    section(1, (inner) => {
      inner.u32(signatures.length);
      for (const key of signatures) {
        const [parameters, result] = JSON.parse(key) as [ValueType[], ValueType | null];
        inner.byte(0x60);
        inner.u32(parameters.length);
        for (const type of parameters) inner.byte(codeOfType(type));
        inner.u32(result === null ? 0 : 1);
        if (result !== null) inner.byte(codeOfType(result));
      }
    });
    section(2, (inner) => {
      inner.u32(1);
      inner.name('env');
      inner.name('memory');
      inner.byte(0x02);
      inner.byte(this.shared === undefined ? 0x00 : 0x03);
      inner.u32(1);
      if (this.shared !== undefined) inner.u32(this.shared.maximum);
    });
    section(3, (inner) => {
      inner.u32(types.length);
      for (const type of types) inner.u32(type);
    });
    section(7, (inner) => {
      const exported = this.functions.flatMap(({ exported: name }, index) =>
        name === undefined ? [] : [{ name, index }],
      );
      inner.u32(exported.length);
      for (const { name, index } of exported) {
        inner.name(name);
        inner.byte(0x00);
        inner.u32(index);
      }
    });
    section(10, (inner) => {
      inner.u32(this.functions.length);
      for (const { body } of this.functions) {
        inner.u32(body!.length);
        inner.append(body!);
      }
    });
    return out.finish();
  }
}

/** A call of a function that gives a value. */
export function call<R extends ValueType>(target: FunctionReference<R>, operands: readonly Value[]): Value<R> {
  const given = operands.map((operand) => operand.type).join(' ');
  if (target.result === undefined || given !== target.parameters.join(' '))
    throw new TypeError(`function ${target.index} takes (${target.parameters.join(' ')}), not (${given})`);
  return {
    type: target.result,
    write(out) {
      for (const operand of operands) operand.write(out);
      out.byte(0x10);
      out.u32(target.index);
    },
  };
}
