/**
 * The ONNX messages that our models use, written as protobuf by hand: about a kilobyte of code, no dependency, and the
 * same bytes for the same model everywhere. Field numbers are those of onnx.proto; the tests read every model back with
 * a protobuf library and that schema.
 */

/** TensorProto.DataType of what our graphs hold. */
export const elementTypes = { float32: 1, int32: 6, int64: 7, bool: 9, float64: 11 } as const;
export type ElementType = keyof typeof elementTypes;

export interface TensorProto {
  readonly name: string;
  readonly type: ElementType;
  readonly dims: readonly number[];
  /** Little-endian elements. */
  readonly raw: Uint8Array;
}

export interface ValueInfoProto {
  readonly name: string;
  readonly type: ElementType;
  /** Sizes; a string is a symbolic one, the same size wherever it stands in the model. */
  readonly dims: readonly (number | string)[];
}

export type AttributeValue = number | string | readonly number[] | GraphProto;

export interface NodeProto {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}

export interface GraphProto {
  readonly name: string;
  readonly nodes: readonly NodeProto[];
  readonly initializers: readonly TensorProto[];
  readonly inputs: readonly ValueInfoProto[];
  readonly outputs: readonly ValueInfoProto[];
}

export interface ModelProto {
  readonly irVersion: number;
  readonly opset: number;
  readonly producer: string;
  readonly producerVersion: string;
  readonly documentation: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly graph: GraphProto;
}

const text = new TextEncoder();

/** A message under construction: bytes in chunks, joined once. */
class Message {
  private readonly chunks: Uint8Array[] = [];
  private length = 0;

  private append(bytes: Uint8Array): void {
    this.chunks.push(bytes);
    this.length += bytes.length;
  }

  private varint(value: bigint): void {
    // A negative number is its 64-bit two's complement: ten bytes.
    let rest = BigInt.asUintN(64, value);
    const bytes: number[] = [];
    while (rest > 0x7fn) {
      bytes.push(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    bytes.push(Number(rest));
    this.append(Uint8Array.from(bytes));
  }

  int(field: number, value: number | bigint): this {
    this.varint(BigInt(field << 3));
    this.varint(BigInt(value));
    return this;
  }

  bytes(field: number, value: Uint8Array): this {
    this.varint(BigInt((field << 3) | 2));
    this.varint(BigInt(value.length));
    this.append(value);
    return this;
  }

  string(field: number, value: string): this {
    return this.bytes(field, text.encode(value));
  }

  message(field: number, value: Message): this {
    return this.bytes(field, value.finish());
  }

  each<T>(values: Iterable<T>, write: (value: T) => void): this {
    for (const value of values) write(value);
    return this;
  }

  finish(): Uint8Array {
    const result = new Uint8Array(this.length);
    let at = 0;
    for (const chunk of this.chunks) {
      result.set(chunk, at);
      at += chunk.length;
    }
    return result;
  }
}

/** The bytes of a model. */
export function encodeModel(model: ModelProto): Uint8Array {
  const message = new Message().int(1, model.irVersion).string(2, model.producer).string(3, model.producerVersion);
  message.string(6, model.documentation).message(7, graph(model.graph));
  message.message(8, new Message().string(1, '').int(2, model.opset));
  message.each(Object.entries(model.metadata), ([key, value]) =>
    message.message(14, new Message().string(1, key).string(2, value)),
  );
  return message.finish();
}

function graph({ name, nodes, initializers, inputs, outputs }: GraphProto): Message {
  const message = new Message();
  message.each(nodes, (entry) => message.message(1, node(entry)));
  message.string(2, name);
  message.each(initializers, (entry) => message.message(5, tensor(entry)));
  message.each(inputs, (entry) => message.message(11, valueInfo(entry)));
  return message.each(outputs, (entry) => message.message(12, valueInfo(entry)));
}

function node({ op, inputs, outputs, attributes }: NodeProto): Message {
  const message = new Message();
  message.each(inputs, (name) => message.string(1, name));
  message.each(outputs, (name) => message.string(2, name));
  message.string(4, op);
  return message.each(Object.entries(attributes), ([name, value]) => message.message(5, attribute(name, value)));
}

function attribute(name: string, value: AttributeValue): Message {
  const message = new Message().string(1, name);
  if (typeof value === 'number') return message.int(3, value).int(20, 2);
  if (typeof value === 'string') return message.string(4, value).int(20, 3);
  if ('nodes' in value) return message.message(6, graph(value)).int(20, 5);
  return message.each(value, (entry) => message.int(8, entry)).int(20, 7);
}

function tensor({ name, type, dims, raw }: TensorProto): Message {
  const message = new Message();
  message.each(dims, (size) => message.int(1, size));
  return message.int(2, elementTypes[type]).string(8, name).bytes(9, raw);
}

function valueInfo({ name, type, dims }: ValueInfoProto): Message {
  const shape = new Message();
  shape.each(dims, (dim) =>
    shape.message(1, typeof dim === 'number' ? new Message().int(1, dim) : new Message().string(2, dim)),
  );
  const tensorType = new Message().int(1, elementTypes[type]).message(2, shape);
  return new Message().string(1, name).message(2, new Message().message(1, tensorType));
}

/** Little-endian bytes of elements, whatever the machine. */
export function rawData(type: ElementType, values: readonly number[]): Uint8Array {
  const width = { float32: 4, float64: 8, int32: 4, int64: 8, bool: 1 }[type];
  const view = new DataView(new ArrayBuffer(values.length * width));
  values.forEach((value, k) => {
    const at = k * width;
    if (type === 'float32') view.setFloat32(at, value, true);
    else if (type === 'float64') view.setFloat64(at, value, true);
    else if (type === 'int32') view.setInt32(at, value, true);
    else if (type === 'int64') view.setBigInt64(at, BigInt(value), true);
    else view.setUint8(at, value);
  });
  return new Uint8Array(view.buffer);
}
