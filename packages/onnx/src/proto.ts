import { Message } from './wire.ts';

/**
 * The ONNX messages that our models use. Field numbers are those of onnx.proto; the tests read every model back with a
 * protobuf library and that schema.
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
  /** What ONNX Runtime calls it in an error. */
  readonly name?: string;
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

/** The fields in which reading and writing meet. */
export const fieldsOf = {
  model: { irVersion: 1, graph: 7, opset: 8, metadata: 14 },
  graph: { node: 1, initializer: 5, input: 11, output: 12, valueInfo: 13, sparseInitializer: 15 },
} as const;

/** The bytes of a model. */
export function encodeModel(model: ModelProto): Uint8Array {
  const message = new Message()
    .int(fieldsOf.model.irVersion, model.irVersion)
    .string(2, model.producer)
    .string(3, model.producerVersion);
  message.string(6, model.documentation).message(fieldsOf.model.graph, graph(model.graph));
  return modelParts(model, message).finish();
}

/** Fields that may stand, and be repeated, anywhere in a model: what is appended to one that is there. */
export function modelParts(
  { opset, metadata }: { readonly opset?: number; readonly metadata: ModelProto['metadata'] },
  message = new Message(),
): Message {
  if (opset !== undefined) message.message(fieldsOf.model.opset, new Message().string(1, '').int(2, opset));
  return message.each(Object.entries(metadata), ([key, value]) =>
    message.message(fieldsOf.model.metadata, new Message().string(1, key).string(2, value)),
  );
}

const graph = (value: GraphProto): Message => graphParts(value, new Message().string(2, value.name));

/** The same of a graph: all but its name is a list. */
export function graphParts({ nodes, initializers, inputs, outputs }: GraphProto, message = new Message()): Message {
  const { graph: fields } = fieldsOf;
  message.each(nodes, (entry) => message.message(fields.node, node(entry)));
  message.each(initializers, (entry) => message.message(fields.initializer, tensor(entry)));
  message.each(inputs, (entry) => message.message(fields.input, valueInfo(entry)));
  return message.each(outputs, (entry) => message.message(fields.output, valueInfo(entry)));
}

function node({ op, name, inputs, outputs, attributes }: NodeProto): Message {
  const message = new Message();
  message.each(inputs, (name) => message.string(1, name));
  message.each(outputs, (name) => message.string(2, name));
  if (name !== undefined) message.string(3, name);
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
