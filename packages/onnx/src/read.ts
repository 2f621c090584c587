import { LossInputError } from '@isoloss/core';
import { fieldsOf } from './proto.ts';
import { type Field, MessageView, malformed } from './wire.ts';

// As much of a model as one must know to add to it: what its tensors are called and how large they are. Weights,
// functions and whatever else is in the file are stepped over, so that a model of a gigabyte is read in no time.

/** A tensor of a model, as far as the model says what it is. */
export interface ModelTensor {
  readonly name: string;
  /** Element type, as TensorProto.DataType numbers it. */
  readonly type?: number;
  /** Sizes: a number, the name of a symbolic one, or undefined where nothing is said; all of it undefined without a rank. */
  readonly dims?: readonly (number | string | undefined)[];
  /** What it is if it is no tensor: a sequence, say. */
  readonly other?: string;
}

/** What is in a model. */
export interface ModelContent {
  readonly irVersion: number;
  /** Of ONNX's own operations; undefined if the model has none. */
  readonly opset: number | undefined;
  /** What it takes (initializers are not among it) and gives. */
  readonly inputs: readonly ModelTensor[];
  readonly outputs: readonly ModelTensor[];
  /** All that a node of the outermost graph may read. */
  readonly tensors: ReadonlyMap<string, ModelTensor>;
  /** The names of all values, those inside bodies too. */
  readonly names: ReadonlySet<string>;
  /** The names of symbolic sizes, wherever they stand. */
  readonly dims: ReadonlySet<string>;
  /** Where the graph and the IR version lie in the bytes. */
  readonly graph: Field;
  readonly irField: Field | undefined;
}

/**
 * Reads what a model takes and gives.
 * @throws LossInputError BAD_FILE
 */
export function readModel(bytes: Uint8Array): ModelContent {
  refuseOthers(bytes);
  const model = new MessageView(bytes);
  const graphs: Field[] = [];
  let irField: Field | undefined;
  let opset: number | undefined;
  for (const field of model.fields()) {
    if (field.number === fieldsOf.model.graph) graphs.push(field);
    else if (field.number === fieldsOf.model.irVersion) irField = field;
    else if (field.number === fieldsOf.model.opset) opset = opsetOf(model.inside(field)) ?? opset;
  }
  const graph = graphs.at(-1);
  if (graph === undefined) throw malformed('it has no graph');
  // A message may come in parts, which count as one.
  const content = new GraphReader();
  for (const part of graphs) content.read(model.inside(part));
  const { inputs, outputs, initializers, infos, given, names, dims } = content;
  if (outputs.length === 0) throw malformed('its graph has no outputs');
  const tensors = new Map<string, ModelTensor>();
  for (const name of given) tensors.set(name, { name });
  for (const tensor of [...infos, ...initializers, ...inputs, ...outputs])
    if (tensors.has(tensor.name)) tensors.set(tensor.name, { ...tensors.get(tensor.name), ...tensor });
  const weights = new Set(initializers.map(({ name }) => name));
  return {
    irVersion: irField === undefined ? 0 : model.number(irField),
    opset,
    inputs: inputs.filter(({ name }) => !weights.has(name)),
    outputs: outputs.map(({ name }) => tensors.get(name) ?? { name }),
    tensors,
    names,
    dims,
    graph,
    irField,
  };
}

/** What people have at hand instead of an ONNX model, by how it begins. */
function refuseOthers(bytes: Uint8Array): void {
  const begins = (at: number, text: string) => [...text].every((char, k) => bytes[at + k] === char.charCodeAt(0));
  if (bytes.length === 0) throw malformed('it is empty');
  if (begins(4, 'ORTM'))
    throw malformed('it is in the format of ORT; attach the loss to the .onnx file and convert that');
  if (begins(0, 'PK\x03\x04'))
    throw malformed('it is a zip file, a checkpoint of PyTorch perhaps; export it with torch.onnx.export');
}

function opsetOf(entry: MessageView): number | undefined {
  let domain = '';
  let version: number | undefined;
  for (const field of entry.fields()) {
    if (field.number === 1) domain = entry.text(field);
    else if (field.number === 2) version = entry.number(field);
  }
  return domain === '' || domain === 'ai.onnx' ? version : undefined;
}

/** What a graph, and those inside it, say of their values. */
class GraphReader {
  readonly inputs: ModelTensor[] = [];
  readonly outputs: ModelTensor[] = [];
  readonly initializers: ModelTensor[] = [];
  readonly infos: ModelTensor[] = [];
  /** What this graph has, not those inside it. */
  readonly given = new Set<string>();
  readonly names = new Set<string>();
  readonly dims = new Set<string>();

  read(graph: MessageView): void {
    const { graph: fields } = fieldsOf;
    for (const field of graph.fields()) {
      if (field.number === fields.node) this.node(graph.inside(field));
      else if (field.number === fields.initializer) this.initializers.push(this.tensor(graph.inside(field)));
      else if (field.number === fields.sparseInitializer) this.sparse(graph.inside(field));
      else if (field.number === fields.input) this.inputs.push(this.give(this.info(graph.inside(field))));
      else if (field.number === fields.output) this.outputs.push(this.info(graph.inside(field)));
      else if (field.number === fields.valueInfo) this.infos.push(this.info(graph.inside(field)));
    }
  }

  private give<T extends { readonly name: string }>(value: T): T {
    this.given.add(value.name);
    this.names.add(value.name);
    return value;
  }

  private node(node: MessageView): void {
    for (const field of node.fields()) {
      // An output that is left out has no name.
      if (field.number === 2 && field.end > field.start) this.give({ name: node.text(field) });
      else if (field.number === 5) this.attribute(node.inside(field));
    }
  }

  /** Bodies, in an attribute: their names are taken too. */
  private attribute(attribute: MessageView): void {
    for (const field of attribute.fields()) {
      if (field.number !== 6 && field.number !== 11) continue;
      const body = new GraphReader();
      body.read(attribute.inside(field));
      for (const name of body.names) this.names.add(name);
      for (const dim of body.dims) this.dims.add(dim);
    }
  }

  private tensor(tensor: MessageView): ModelTensor {
    const dims: number[] = [];
    let [name, type]: [string, number] = ['', 0];
    for (const field of tensor.fields()) {
      if (field.number === 1) dims.push(...tensor.numbers(field));
      else if (field.number === 2) type = tensor.number(field);
      else if (field.number === 8) name = tensor.text(field);
    }
    return this.give({ name, type, dims });
  }

  private sparse(tensor: MessageView): void {
    for (const field of tensor.fields()) if (field.number === 1) this.tensor(tensor.inside(field));
  }

  private info(info: MessageView): ModelTensor {
    let name = '';
    let type: Omit<ModelTensor, 'name'> = {};
    for (const field of info.fields()) {
      if (field.number === 1) name = info.text(field);
      else if (field.number === 2) type = this.type(info.inside(field));
    }
    this.names.add(name);
    return { name, ...type };
  }

  private type(type: MessageView): Omit<ModelTensor, 'name'> {
    for (const field of type.fields()) {
      if (field.number === 1) return this.tensorType(type.inside(field));
      const other = { 4: 'a sequence', 5: 'a map', 8: 'a sparse tensor', 9: 'an optional' }[field.number];
      if (other !== undefined) return { other };
    }
    return {};
  }

  private tensorType(tensor: MessageView): Omit<ModelTensor, 'name'> {
    let type: number | undefined;
    let dims: ModelTensor['dims'];
    for (const field of tensor.fields()) {
      if (field.number === 1) type = tensor.number(field);
      else if (field.number === 2) {
        const shape = tensor.inside(field);
        dims = [...shape.fields()].filter(({ number }) => number === 1).map((dim) => this.dim(shape.inside(dim)));
      }
    }
    return { ...(type ? { type } : {}), ...(dims === undefined ? {} : { dims }) };
  }

  private dim(dim: MessageView): number | string | undefined {
    for (const field of dim.fields()) {
      if (field.number === 1) {
        // Some exporters write −1 where they know nothing.
        const size = dim.number(field);
        return size >= 0 ? size : undefined;
      }
      if (field.number === 2 && field.end > field.start) {
        const name = dim.text(field);
        this.dims.add(name);
        return name;
      }
    }
    return undefined;
  }
}

/** Element types by number, called as everywhere else. */
const typeNames: Readonly<Record<number, string>> = {
  1: 'float32',
  2: 'uint8',
  3: 'int8',
  4: 'uint16',
  5: 'int16',
  6: 'int32',
  7: 'int64',
  8: 'string',
  9: 'bool',
  10: 'float16',
  11: 'float64',
  12: 'uint32',
  13: 'uint64',
  16: 'bfloat16',
};

export const typeName = (type: number | undefined): string =>
  type === undefined ? 'of unknown type' : (typeNames[type] ?? `of type ${type}`);

/** `output float32 (batch, 10)`. */
export const tensorInWords = ({ name, type, dims, other }: ModelTensor): string =>
  `${name} ${other ?? `${typeName(type)} ${dims === undefined ? 'of unknown rank' : `(${dims.map((dim) => dim ?? '?').join(', ')})`}`}`;

/** The tensor of a name. @throws LossInputError UNKNOWN_INPUT, listing what there is */
export function tensorOf({ tensors, outputs }: ModelContent, name: string, input: string): ModelTensor {
  const tensor = tensors.get(name);
  if (tensor !== undefined && tensor.other === undefined) return tensor;
  const problem = tensor === undefined ? `has no tensor ${name}` : `gives ${name} as ${tensor.other}, not a tensor`;
  throw new LossInputError(
    'UNKNOWN_INPUT',
    `the model ${problem}; its outputs: ${outputs.map(tensorInWords).join(', ')}`,
    {
      input,
    },
  );
}

/** A tensor in a model's interface. */
export interface TensorDescription {
  readonly name: string;
  /** As TensorProto calls it, but `float32` and `float64`; `sequence` and the like for what is no tensor. */
  readonly dtype: string | undefined;
  /** A number or a name for each size, null where the model says nothing; undefined without a rank. */
  readonly shape: readonly (number | string | null)[] | undefined;
}

/** What a model takes and gives. */
export interface ModelDescription {
  readonly irVersion: number;
  /** Of ONNX's own operations; undefined if the model has none. */
  readonly opset: number | undefined;
  readonly inputs: readonly TensorDescription[];
  readonly outputs: readonly TensorDescription[];
}

/**
 * What an ONNX model takes and gives, without a runtime and without reading its weights.
 * @throws LossInputError BAD_FILE
 */
export function describeModel(model: Uint8Array): ModelDescription {
  const { irVersion, opset, inputs, outputs } = readModel(model);
  const described = ({ name, type, dims, other }: ModelTensor): TensorDescription => ({
    name,
    dtype: other ?? (type === undefined ? undefined : typeName(type)),
    shape: dims?.map((dim) => dim ?? null),
  });
  return { irVersion, opset, inputs: inputs.map(described), outputs: outputs.map(described) };
}
