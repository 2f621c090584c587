import { type ElementType, encodeModel, type NodeProto } from '../src/proto.ts';

/** Sizes of a test model's tensors, by name. */
export type Dims = readonly (number | string)[];

export const node = (
  op: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: NodeProto['attributes'] = {},
): NodeProto => ({ op, inputs, outputs, attributes });

export interface TestModel {
  readonly inputs: Readonly<Record<string, Dims>>;
  readonly outputs: Readonly<Record<string, Dims>>;
  readonly nodes: readonly NodeProto[];
  readonly type?: ElementType;
  readonly types?: Readonly<Record<string, ElementType>>;
  readonly initializers?: Parameters<typeof encodeModel>[0]['graph']['initializers'];
  readonly opset?: number;
  readonly irVersion?: number;
}

/** A small model for tests. */
export function testModel(model: TestModel): Uint8Array {
  const { inputs, outputs, nodes, type = 'float32', types = {}, initializers = [], opset = 18, irVersion = 8 } = model;
  const infos = (list: TestModel['inputs']) =>
    Object.entries(list).map(([name, dims]) => ({ name, type: types[name] ?? type, dims }));
  return encodeModel({
    irVersion,
    opset,
    producer: 'test',
    producerVersion: '1',
    documentation: 'a model of a test',
    metadata: { author: 'somebody' },
    graph: { name: 'test', nodes, initializers, inputs: infos(inputs), outputs: infos(outputs) },
  });
}

/** A model that gives what it takes, as `output`. */
export const identity = (dims: Dims, more: Partial<TestModel> = {}): Uint8Array =>
  testModel({ inputs: { x: dims }, outputs: { output: dims }, nodes: [node('Identity', ['x'], ['output'])], ...more });
