import { type DType, type Expr, isOp, type Program, topological } from '@isoloss/core';
import { GraphBuilder, type Surroundings } from './builder.ts';
import { write } from './lower.ts';
import { type ElementType, elementTypes, type GraphProto } from './proto.ts';

/** A tensor that is there already, and its element type (as TensorProto numbers it) as far as it is known. */
interface GivenTensor {
  readonly name: string;
  readonly type?: number;
}

/** Outputs of a graph, by name: the sum of some values of a program, of one shape. */
export type GraphOutputs = Readonly<Record<string, readonly Expr[]>>;

/** How a program becomes a graph. */
export interface GraphOptions extends Surroundings {
  /** Element type of new inputs that hold labels and lengths. */
  readonly labels: 'int32' | 'int64';
  /** Whether an input of a shape that does not fit ends the run with an error; false if shapes are checked before. */
  readonly checkShapes?: boolean;
  /** Where an input of the program comes from: a tensor of the model around, or the name of a new input of the graph. */
  readonly source: (input: string) => GivenTensor | string;
}

/** A program's value and gradients under their usual names: `value`, `d_<input>`. */
const usualOutputs = ({ value, gradients }: Program): GraphOutputs => ({
  value: [value],
  ...Object.fromEntries(Object.entries(gradients).map(([name, gradient]) => [`d_${name}`, [gradient]])),
});

/** A program of primitives as an ONNX graph: what it takes that is not there, what it computes, what it gives. */
export function lowerProgram(program: Program, outputs: GraphOutputs, options: GraphOptions): GraphProto {
  const graph = GraphBuilder.root(options);
  const types: Record<DType, ElementType> = { float: options.float, int: options.labels, bool: 'bool' };
  const sources = new Map<string, GivenTensor>();
  for (const { name, type } of program.inputs) {
    const source = options.source(name);
    if (typeof source === 'string') {
      const element = types[type.dtype];
      sources.set(name, { name: graph.input(source, element, type.shape), type: elementTypes[element] });
    } else {
      graph.bind(source.name, type.shape);
      sources.set(name, source);
    }
  }
  const wanted = Object.values(outputs).flat();
  const given = topological(wanted).flatMap((node) => {
    if (!isOp(node, 'input')) return [];
    const input = node.attributes.name;
    const { name, type } = sources.get(input)!;
    const called = name === input ? name : `${name} (${input})`;
    const sized = options.checkShapes ? graph.ofShape(name, node.shape, `the shape of ${called} does not fit`) : name;
    const to = elementTypes[graph.elementType(node.type.dtype)];
    return [[node as Expr, type === to ? sized : graph.node('Cast', [sized], { to })] as const];
  });
  const { values } = write(wanted, graph, new Map(given));
  const infos = Object.entries(outputs).map(([name, parts]) => {
    const value = parts.map((part) => values.get(part)!).reduce((a, b) => graph.node('Add', [a, b]));
    return graph.output(name, value, parts[0]!.type);
  });
  return graph.finish(program.loss.id, infos);
}

/** A program as a graph of its own: its inputs and outputs have their usual names. */
export function programGraph(
  program: Program,
  options: Pick<GraphOptions, 'float' | 'labels' | 'opset' | 'checkShapes'>,
): GraphProto {
  const outputs = usualOutputs(program);
  const reserved = [...program.inputs.map(({ name }) => name), ...Object.keys(outputs)];
  return lowerProgram(program, outputs, { ...options, reserved, source: (input) => input });
}
