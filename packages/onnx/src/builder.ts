import { type Dim, type DType, productOfDims, type TensorType, termsOfDim, UnsupportedError } from '@isoloss/core';
import {
  type AttributeValue,
  type ElementType,
  type GraphProto,
  type NodeProto,
  rawData,
  type TensorProto,
  type ValueInfoProto,
} from './proto.ts';

export type Attributes = Readonly<Record<string, AttributeValue>>;
type FloatType = 'float32' | 'float64';

/** What a model asks of the graphs that are written for it. */
export interface Surroundings {
  readonly float: FloatType;
  /** Version of ONNX's operations: from 14, the first in which sizes of 0 can be said, to 26. */
  readonly opset: number;
  /** Names that are taken. */
  readonly reserved: Iterable<string>;
  /** How names of inner values begin. */
  readonly prefix?: string;
  /** What the model calls a size. */
  readonly dim?: (dim: Dim) => Dim;
}

/** What all graphs of one model share: names, constants, sizes. */
interface Model {
  readonly float: FloatType;
  readonly opset: number;
  readonly prefix: string;
  readonly dim: (dim: Dim) => Dim;
  readonly root: GraphBuilder;
  readonly taken: Set<string>;
  /** How many graphs are around the one that gives a name. */
  readonly depths: Map<string, number>;
  readonly constants: Map<string, TensorProto>;
  readonly bound: Map<string, { input: string; axis: number }>;
  readonly sizes: Map<Dim, string>;
  readonly shapes: Map<string, string>;
  counter: number;
}

/**
 * Writes one graph of a model, node by node in topological order. The body of a Scan is a graph of its own that may use
 * any value of the graphs around it. Names are `v0`, `v1`, … in the order of writing, so the same program gives the same
 * bytes; a node equal to one already written is not written again.
 */
export class GraphBuilder {
  private readonly nodes: NodeProto[] = [];
  private readonly inputs: ValueInfoProto[] = [];
  private readonly written = new Map<string, string>();
  private readonly produced = new Set<string>();
  private readonly parent: GraphBuilder | undefined;
  private readonly depth: number;
  private readonly model: Model;

  private constructor(around: GraphBuilder | Surroundings) {
    this.parent = around instanceof GraphBuilder ? around : undefined;
    this.depth = this.parent === undefined ? 0 : this.parent.depth + 1;
    const { float, opset, reserved, prefix = '', dim = (own) => own } = around as Surroundings;
    this.model = this.parent?.model ?? {
      float,
      opset,
      prefix,
      dim,
      root: this,
      taken: new Set(reserved),
      depths: new Map(),
      constants: new Map(),
      bound: new Map(),
      sizes: new Map(),
      shapes: new Map(),
      counter: 0,
    };
  }

  /** The outermost graph of a model. */
  static root(surroundings: Surroundings): GraphBuilder {
    return new GraphBuilder(surroundings);
  }

  /** A graph inside this one. */
  body(): GraphBuilder {
    return new GraphBuilder(this);
  }

  /** The version of ONNX's operations that is written for. */
  get opset(): number {
    return this.model.opset;
  }

  private info(name: string, type: ElementType, dims: readonly Dim[]): ValueInfoProto {
    return { name, type, dims: dims.map(this.model.dim) };
  }

  elementType(dtype: DType): ElementType {
    return dtype === 'float' ? this.model.float : dtype === 'int' ? 'int64' : 'bool';
  }

  private fresh(): string {
    let name: string;
    do name = `${this.model.prefix}v${this.model.counter++}`;
    while (this.model.taken.has(name));
    this.model.depths.set(name, this.depth);
    return name;
  }

  /** A model input, which binds the sizes that its shape names first. */
  input(name: string, type: ElementType, dims: readonly Dim[]): string {
    this.inputs.push(this.info(name, type, dims));
    this.bind(name, dims);
    return name;
  }

  /** Lets a value that is there say how large the sizes in its shape are. */
  bind(name: string, dims: readonly Dim[]): void {
    dims.forEach((dim, axis) => {
      if (typeof dim === 'string' && !this.model.bound.has(dim)) this.model.bound.set(dim, { input: name, axis });
    });
  }

  /** An input of a body, which its Scan gives a value. */
  argument({ dtype, shape }: TensorType): string {
    const name = this.fresh();
    this.inputs.push(this.info(name, this.elementType(dtype), shape));
    return name;
  }

  /**
   * Writes a node of one output and gives the output's name. It goes into the outermost graph that has all its inputs, so
   * what a body computes anew in every step, of constants and sizes say, is computed once.
   */
  node(op: string, inputs: readonly string[], attributes: Attributes = {}): string {
    const depth = Math.max(0, ...inputs.map((name) => this.model.depths.get(name) ?? 0));
    let scope: GraphBuilder = this;
    while (scope.depth > depth) scope = scope.parent!;
    const key = `${op}(${inputs.join()})${JSON.stringify(attributes)}`;
    let output = scope.written.get(key);
    if (output === undefined) {
      [output] = scope.nodeOf(op, inputs, 1, attributes);
      scope.written.set(key, output!);
    }
    return output!;
  }

  /** Writes a node here, whatever its inputs. */
  nodeOf(op: string, inputs: readonly string[], count: number, attributes: Attributes = {}, name?: string): string[] {
    const outputs = Array.from({ length: count }, () => this.fresh());
    this.nodes.push({ op, ...(name === undefined ? {} : { name }), inputs, outputs, attributes });
    for (const output of outputs) this.produced.add(output);
    return outputs;
  }

  /**
   * A value of this shape: if it has another one when the graph runs, that ends with an error, where otherwise a row of a
   * target, say, would be repeated against all predictions. The error is an index that is out of range; a Reshape to the shape
   * that the value has, which costs nothing, makes the check a part of the way.
   */
  ofShape(value: string, dims: readonly Dim[], name: string): string {
    const { bound } = this.model;
    const binds = (dim: Dim, axis: number) => {
      const place = bound.get(dim as string);
      return place !== undefined && place.input === value && place.axis === axis;
    };
    if (dims.every(binds)) return value;
    const expected = this.shape(dims);
    const apart = this.node('Abs', [this.node('Sub', [this.node('Shape', [value]), expected])]);
    const [none] = this.nodeOf('Gather', [this.constant('int', [0]), apart], 1, {}, `${this.model.prefix}${name}`);
    return this.node('Reshape', [value, this.node('Add', [expected, none!])], { allowzero: 1 });
  }

  /** Gives a value the name of a graph output. */
  output(name: string, value: string, { dtype, shape }: TensorType): ValueInfoProto {
    this.nodes.push({ op: 'Identity', inputs: [value], outputs: [name], attributes: {} });
    return this.info(name, this.elementType(dtype), shape);
  }

  /** Outputs of this body: each must be made by a node of it, and only once. */
  results(values: readonly string[], types: readonly TensorType[]): ValueInfoProto[] {
    const used = new Set<string>();
    return values.map((value, k) => {
      const own = this.produced.has(value) && !used.has(value);
      const name = own ? value : this.nodeOf('Identity', [value], 1)[0]!;
      used.add(name);
      return this.info(name, this.elementType(types[k]!.dtype), types[k]!.shape);
    });
  }

  /** A constant; a scalar unless given a list. Equal constants are one. */
  constant(dtype: DType, value: number | readonly number[]): string {
    const type = this.elementType(dtype);
    const values = typeof value === 'number' ? [value] : value;
    const dims = typeof value === 'number' ? [] : [value.length];
    const raw = rawData(type, values);
    const key = `${type}[${dims}]${raw.join()}`;
    let known = this.model.constants.get(key);
    if (known === undefined) {
      known = { name: this.model.root.fresh(), type, dims, raw };
      this.model.constants.set(key, known);
    }
    return known.name;
  }

  /** A size as an int64 of shape [1], read from the input that binds its names. */
  private size1(dim: Dim): string {
    if (typeof dim === 'number') return this.constant('int', [dim]);
    const { root, sizes, bound } = this.model;
    let known = sizes.get(dim);
    if (known === undefined) {
      const place = bound.get(dim);
      if (place !== undefined) known = root.sizeOf(place.input, place.axis);
      else {
        const terms = termsOfDim(dim);
        if (terms.length === 1 && terms[0]![0] === 1 && terms[0]![1].length === 1)
          throw new Error(`the size ${dim} is bound by no input`);
        known = terms.map(([n, names]) => this.product(n, names)).reduce((a, b) => root.node('Add', [a, b]));
      }
      sizes.set(dim, known);
    }
    return known;
  }

  private sizeOf(input: string, axis: number): string {
    if (this.opset >= 15) return this.node('Shape', [input], { start: axis, end: axis + 1 });
    return this.node('Gather', [this.node('Shape', [input]), this.constant('int', [axis])]);
  }

  private product(coefficient: number, names: readonly string[]): string {
    const factors = names.map((name) => this.size1(name));
    if (coefficient !== 1 || factors.length === 0) factors.unshift(this.size1(coefficient));
    return factors.reduce((a, b) => this.model.root.node('Mul', [a, b]));
  }

  /** A size as an int64 scalar. */
  size(dim: Dim): string {
    if (typeof dim === 'number') return this.constant('int', dim);
    return this.model.root.node('Squeeze', [this.size1(dim), this.constant('int', [0])]);
  }

  /** The number of elements of a shape, an int64 scalar. */
  count(dims: readonly Dim[]): string {
    return this.size(productOfDims(dims));
  }

  /** 0, 1, …, dim−1. */
  range(dim: Dim): string {
    return this.node('Range', [this.constant('int', 0), this.size(dim), this.constant('int', 1)]);
  }

  /** Sizes as an int64 vector, for Reshape, Expand, Slice. */
  shape(dims: readonly Dim[]): string {
    if (dims.every((dim) => typeof dim === 'number')) return this.constant('int', dims);
    if (dims.length === 1) return this.size1(dims[0]!);
    const { root, shapes } = this.model;
    const key = dims.join();
    let known = shapes.get(key);
    if (known === undefined) {
      known = root.node(
        'Concat',
        dims.map((dim) => this.size1(dim)),
        { axis: 0 },
      );
      shapes.set(key, known);
    }
    return known;
  }

  /** A reduction along axes: an attribute before opset 18, but of sums. */
  reduce(op: string, x: string, axes: readonly number[], keepDims: boolean): string {
    const keepdims = Number(keepDims);
    if (this.opset < 18 && op !== 'ReduceSum') return this.node(op, [x], { axes, keepdims });
    return this.node(op, [x, this.constant('int', axes)], { keepdims });
  }

  /** ScatterElements or ScatterND that adds up what falls on one place. */
  scatterAdd(op: string, inputs: readonly string[], attributes: Attributes = {}): string {
    if (this.opset < 16)
      throw new UnsupportedError(
        `the graph needs ${op} with a reduction, which ONNX has from opset 16 on; the model has opset ${this.opset}: export it with opset_version=18`,
      );
    return this.node(op, inputs, { ...attributes, reduction: 'add' });
  }

  /** The graph as written, without what nothing uses; the constants of the whole model stand in the outermost one. */
  finish(name: string, outputs: readonly ValueInfoProto[]): GraphProto {
    const used = new Set(outputs.map((output) => output.name));
    const nodes = this.nodes
      .toReversed()
      .filter((node) => {
        const needed = node.outputs.some((output) => used.has(output));
        if (needed) for (const read of reads(node)) used.add(read);
        return needed;
      })
      .reverse();
    const constants = this.parent === undefined ? [...this.model.constants.values()] : [];
    return { name, nodes, initializers: constants.filter((c) => used.has(c.name)), inputs: this.inputs, outputs };
  }
}

/** The names that a node reads, those that its bodies take from around them too. */
function reads({ inputs, attributes }: NodeProto): string[] {
  const bodies = Object.values(attributes).flatMap((value) =>
    typeof value === 'object' && 'nodes' in value ? [value] : [],
  );
  return [
    ...inputs,
    ...bodies.flatMap(({ nodes, outputs }) => [...nodes.flatMap(reads), ...outputs.map(({ name }) => name)]),
  ];
}
