import {
  type FloatDType,
  type InputSignature,
  isDifferentiable,
  type Loss,
  LossInputError,
  lowered,
  type ResolvedInput,
  type Signature,
  signatureFor,
  signatureOf,
  trace,
  UnsupportedError,
  version,
} from '@isoloss/core';
import { kept } from './lower.ts';
import { jsonOf, toSignature, usualOpset } from './model.ts';
import { type GraphOutputs, lowerProgram } from './program.ts';
import { elementTypes, fieldsOf, graphParts, modelParts } from './proto.ts';
import { type ModelContent, type ModelTensor, readModel, tensorInWords, tensorOf, typeName } from './read.ts';
import { sizeNames } from './sizes.ts';
import { joined, Message } from './wire.ts';

/** How a loss is joined to a model. */
export interface AttachOptions {
  /** The tensor of the model that is the loss's first input, mostly its logits: short for `inputs` with that one entry. */
  readonly logits?: string;
  /**
   * Where inputs of the loss come from, by their names: a tensor of the model (an output, an input, a weight, or what is
   * between them), or `true` for a new input of the model. Required ones that are left out are new inputs.
   */
  readonly inputs?: Readonly<Record<string, string | true>>;
  /**
   * Ranks of inputs of the loss, where the model does not say them and the usual ones don't do: `{ target: 2 }` for class
   * probabilities, `{ weight: { rank: 2, ones: [0] } }` for one that broadcasts. An optional input that has a rank
   * here is a new input of the model.
   */
  readonly ranks?: Readonly<Record<string, number>> | Signature;
  /** Tensors by which the gradient is wanted, as the output `d_<tensor>`; `true` for all that the loss takes and has one by. */
  readonly gradients?: true | readonly string[];
  /** What new inputs and outputs are called where `loss`, `d_<tensor>` or the name of the loss's input are taken. */
  readonly names?: Readonly<Record<string, string>>;
  /** What the loss is computed in. Default: float64 if a tensor that it takes is, else float32, half precision too. */
  readonly dtype?: FloatDType;
  /** Adds the input `upstream`, of the loss's shape: the gradients become those of sum(loss · upstream). */
  readonly upstream?: boolean;
  /** Element type of new inputs that hold labels and lengths. Default int64. */
  readonly labels?: 'int32' | 'int64';
  /** An illegal label makes its element NaN, a shape that does not fit is an error. Default true; else check before. */
  readonly guard?: boolean;
}

/** The versions of ONNX's operations in which our graphs have been run. */
export const opsets = { oldest: 14, newest: 26 };

/** The first version in which an initializer need not be an input. */
const oldestIr = 4;

/** What a protobuf message, and so a model, may have. */
const maxBytes = 2 ** 31 - 1;

/**
 * Appends a loss, with gradients if asked, to an ONNX model: one session gives predictions and loss.
 *
 * The model's own inputs and outputs stay as they are, and first. What the loss needs beside the model's tensors (its
 * target, say) is a new input under the name of the loss's input; new outputs are `loss` and `d_<tensor>`. Everything in
 * the file that is not added to is passed on byte for byte: weights, functions, metadata, references to external data.
 * The metadata `isoloss.attached.loss` say what was attached.
 *
 * @param model opset 14 to 26, under 2 GiB; ONNX Runtime's own format can't be added to
 * @example
 * const model = attachLoss(await readFile('model.onnx'), crossEntropy(), { logits: 'output', gradients: true });
 * // new: in target (batch) int64; out loss (), d_output (batch, 10)
 * @throws LossInputError BAD_FILE if the bytes are no model; UNKNOWN_INPUT, MISSING_INPUT, RANK_MISMATCH, SHAPE_MISMATCH,
 * BAD_DTYPE, NOT_DIFFERENTIABLE if loss and model do not fit; BAD_OPTION if a name is taken
 * @throws UnsupportedError if the model's opset is too old or too new, or the result too large
 */
export function attachLoss(model: Uint8Array, loss: Loss, options: AttachOptions = {}): Uint8Array {
  const content = readModel(model);
  const opset = checkedOpset(content);
  const tensors = tensorsOf(content, loss, options);
  const { upstream = false, labels = 'int64', guard = true } = options;
  const signature = signatureWith(loss, tensors, options);
  const { inputs } = trace(loss, { signature, upstream });
  checkTypes(inputs, tensors);
  const dtype = options.dtype ?? ([...tensors.values()].some(({ type }) => type === float64) ? 'float64' : 'float32');

  const names = new Names(content, options.names);
  const own = new Map(inputs.map(({ name }) => [name, tensors.get(name)?.name ?? names.take(name)] as const));
  const wanted = gradientsOf(loss, inputs, own, options.gradients);
  const request = { signature, gradients: [...wanted.values()].flat(), upstream, guard };
  const program = lowered(trace(loss, request), kept);
  const value = names.take('loss');
  const outputs: GraphOutputs = {
    [value]: [program.value],
    ...Object.fromEntries(
      [...wanted].map(([tensor, by]) => [names.take(`d_${tensor}`), by.map((name) => program.gradients[name]!)]),
    ),
  };
  names.finish();

  const graph = lowerProgram(program, outputs, {
    float: dtype,
    labels,
    opset: opset ?? usualOpset,
    checkShapes: guard,
    reserved: names.taken,
    prefix: prefixFor(loss.id, names.taken),
    dim: sizeNames(inputs, (name) => tensors.get(name), content.dims),
    source: (name) => tensors.get(name) ?? own.get(name)!,
  });
  const record = {
    version,
    loss: loss.id,
    options: loss.options,
    inputs: Object.fromEntries(own),
    gradients: [...wanted.keys()],
    upstream,
    guard,
  };
  const metadata = { [`isoloss.attached.${value}`]: jsonOf(record) };
  const rest = modelParts({ ...(opset === undefined ? { opset: usualOpset } : {}), metadata });
  return spliced(model, content, graphParts(graph).finish(), rest.finish());
}

function checkedOpset({ opset }: ModelContent): number | undefined {
  if (opset === undefined) return undefined;
  const { oldest, newest } = opsets;
  if (opset < oldest)
    throw new UnsupportedError(
      `the model has opset ${opset}, and a loss needs ${oldest}: export it with opset_version=18, or convert it by onnx.version_converter.convert_version(model, 18) in Python`,
    );
  if (opset > newest)
    throw new UnsupportedError(
      `the model has opset ${opset}; this version knows opsets to ${newest}: export it with opset_version=${newest}, or update isoloss`,
    );
  return opset;
}

/** The tensors of the model that are inputs of the loss. */
function tensorsOf(
  content: ModelContent,
  loss: Loss,
  { logits, inputs = {} }: AttachOptions,
): ReadonlyMap<string, ModelTensor> {
  const sources = Object.entries(inputs);
  if (logits !== undefined) {
    const [first] = Object.keys(loss.definition.inputs);
    if (Object.hasOwn(inputs, first!))
      throw new LossInputError(
        'BAD_OPTION',
        `logits is ${first} of ${loss.id}, which inputs has too; give one of them`,
        {
          input: first!,
        },
      );
    sources.push([first!, logits]);
  }
  const tensors = new Map(
    sources.flatMap(([input, source]) => (source === true ? [] : [[input, tensorOf(content, source, input)] as const])),
  );
  if (tensors.size === 0)
    throw new LossInputError(
      'MISSING_INPUT',
      `no tensor of the model is an input of ${loss.id}: say which, as in { logits: '${content.outputs[0]!.name}' }; the model's outputs: ${content.outputs.map(tensorInWords).join(', ')}`,
    );
  return tensors;
}

/** Ranks: as the model has them, as they are given, and the usual ones. */
function signatureWith(
  loss: Loss,
  tensors: ReadonlyMap<string, ModelTensor>,
  { inputs = {}, ranks = {} }: AttachOptions,
): Signature {
  const { definition } = loss;
  const given = new Map<string, InputSignature>(Object.entries(toSignature(ranks)));
  for (const [input, tensor] of tensors) {
    const { name, dims } = tensor;
    const said = given.get(input);
    if (dims === undefined && said === undefined)
      throw new LossInputError(
        'RANK_MISMATCH',
        `the model does not say the rank of ${name}: give it, as in ranks: { ${input}: 2 } (--rank ${input}=2)`,
        { input },
      );
    if (dims === undefined) continue;
    if (said !== undefined && said.rank !== dims.length)
      throw new LossInputError(
        'RANK_MISMATCH',
        `${input} can't have rank ${said.rank}: it is ${tensorInWords(tensor)}`,
        {
          input,
        },
      );
    // Of all sizes only a 1 matters here.
    given.set(input, said ?? signatureOf(definition, { [input]: dims.map((dim) => (dim === 1 ? 1 : 0)) })[input]!);
  }
  return signatureFor(definition, given, Object.keys(inputs));
}

const float64 = elementTypes.float64;

/** Element types by number, by what a loss may take them for: halves, and whole numbers of any width, are cast. */
const castable = { float: [1, 10, 11, 16], int: [2, 3, 4, 5, 6, 7, 12, 13], bool: [9] };

function checkTypes(inputs: readonly ResolvedInput[], tensors: ReadonlyMap<string, ModelTensor>): void {
  for (const { name, type } of inputs) {
    const tensor = tensors.get(name);
    if (tensor?.type === undefined || castable[type.dtype].includes(tensor.type)) continue;
    const legal = { float: 'a floating-point type', int: 'a type of whole numbers', bool: 'bool' }[type.dtype];
    throw new LossInputError(
      'BAD_DTYPE',
      `${name} of rank ${type.shape.length} must be of ${legal}, and ${tensor.name} is ${typeName(tensor.type)}`,
      { input: name },
    );
  }
}

/** The tensors by which a gradient is wanted, each with the inputs of the loss that it is. */
function gradientsOf(
  loss: Loss,
  inputs: readonly ResolvedInput[],
  own: ReadonlyMap<string, string>,
  wanted: AttachOptions['gradients'] = [],
): Map<string, string[]> {
  const known = inputs.filter(({ name }) => Object.hasOwn(loss.definition.inputs, name));
  const by = (tensor: string) => known.flatMap(({ name }) => (own.get(name) === tensor ? [name] : []));
  if (wanted === true) {
    const differentiable = known.filter(({ spec }) => isDifferentiable(spec)).map(({ name }) => own.get(name)!);
    return new Map(differentiable.map((tensor) => [tensor, by(tensor)]));
  }
  return new Map(
    wanted.map((tensor) => {
      const found = by(tensor);
      if (found.length > 0) return [tensor, found];
      const taken = known.map(({ name }) => `${own.get(name)} (${name})`).join(', ');
      throw new LossInputError(
        'UNKNOWN_INPUT',
        `no gradient by ${tensor}: ${loss.id} takes ${taken}; the way back through the model is not in an ONNX file`,
        { input: tensor },
      );
    }),
  );
}

/** Names of what is new in a model. */
class Names {
  /** Every name in the model, those of the new inputs and outputs too. */
  readonly taken: Set<string>;
  private readonly used = new Set<string>();
  private readonly chosen: Readonly<Record<string, string>>;

  constructor({ names }: ModelContent, chosen: AttachOptions['names'] = {}) {
    this.taken = new Set(names);
    this.chosen = chosen;
  }

  /** @throws LossInputError BAD_OPTION if it is taken */
  take(usual: string): string {
    const name = this.chosen[usual] ?? usual;
    this.used.add(usual);
    if (name === '') throw new LossInputError('BAD_OPTION', `the name of ${usual} is empty`, { input: 'names' });
    if (this.taken.has(name))
      throw new LossInputError(
        'BAD_OPTION',
        `the model has a tensor ${name} already: give the new one another name, as in names: { ${usual}: '${name}_2' } (--name ${usual}=${name}_2), or take that one by inputs (--map)`,
        { input: 'names' },
      );
    this.taken.add(name);
    return name;
  }

  /** @throws LossInputError BAD_OPTION if a name was chosen for what isn't there */
  finish(): void {
    const unknown = Object.keys(this.chosen).find((usual) => !this.used.has(usual));
    if (unknown !== undefined)
      throw new LossInputError(
        'BAD_OPTION',
        `names has ${unknown}, which is not new; new are ${[...this.used].join(', ')}`,
        { input: 'names' },
      );
  }
}

/** How no name of the model begins. */
function prefixFor(id: string, names: Iterable<string>): string {
  const all = [...names];
  for (let k = 1; ; k++) {
    const prefix = k === 1 ? `${id}/` : `${id}_${k}/`;
    if (!all.some((name) => name.startsWith(prefix))) return prefix;
  }
}

/** The model with more at the end of its graph and of itself; all else is what it was. */
function spliced(
  model: Uint8Array,
  { graph, irVersion, irField }: ModelContent,
  toGraph: Uint8Array,
  toModel: Uint8Array,
): Uint8Array {
  const header = new Message().header(fieldsOf.model.graph, graph.end - graph.start + toGraph.length).finish();
  const edits = [
    { from: graph.from, end: graph.end, chunks: [header, model.subarray(graph.start, graph.end), toGraph] },
  ];
  if (irVersion < oldestIr) {
    const { from, end } = irField ?? { from: model.length, end: model.length };
    edits.push({ from, end, chunks: [new Message().int(fieldsOf.model.irVersion, oldestIr).finish()] });
  }
  let at = 0;
  const chunks: Uint8Array[] = [];
  for (const { from, end, chunks: instead } of edits.sort((a, b) => a.from - b.from)) {
    chunks.push(model.subarray(at, from), ...instead);
    at = end;
  }
  chunks.push(model.subarray(at), toModel);
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  if (length > maxBytes)
    throw new UnsupportedError(
      `the model would have ${length} bytes, and an ONNX file has at most ${maxBytes}: save its weights as external data first`,
    );
  return joined(chunks);
}
