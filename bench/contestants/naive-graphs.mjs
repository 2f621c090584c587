// ONNX graphs as one writes them by hand for serving: the value alone, since ONNX Runtime has no gradients. Formulas are
// the stable textbook ones (as exporters emit them), so that no speed comes from giving up digits.
import { encodeModel, rawData } from '../../packages/onnx/dist/proto.js';

/** Nodes by name of their output: [op, inputs, attributes]. The last one is the unreduced loss, of which the mean is taken. */
const graphs = {
  mse: () => ({ e: ['Sub', 'input', 'target'], y: ['Mul', 'e', 'e'] }),
  l1: () => ({ e: ['Sub', 'input', 'target'], y: ['Abs', 'e'] }),
  huber: ({ delta }) => ({
    constants: { delta, half: 0.5, offset: 0.5 * delta },
    d: ['Sub', 'input', 'target'],
    e: ['Abs', 'd'],
    small: ['LessOrEqual', 'e', 'delta'],
    squared: ['Mul', 'e', 'e'],
    near: ['Mul', 'squared', 'half'],
    beyond: ['Sub', 'e', 'offset'],
    far: ['Mul', 'beyond', 'delta'],
    y: ['Where', 'small', 'near', 'far'],
  }),
  hinge: () => ({
    constants: { one: 1 },
    product: ['Mul', 'target', 'input'],
    margin: ['Sub', 'one', 'product'],
    y: ['Relu', 'margin'],
  }),
  bceWithLogits: () => ({
    // max(x, 0) − x·t + softplus(−|x|)
    positive: ['Relu', 'input'],
    product: ['Mul', 'input', 'target'],
    size: ['Abs', 'input'],
    negated: ['Neg', 'size'],
    tail: ['Softplus', 'negated'],
    linear: ['Sub', 'positive', 'product'],
    y: ['Add', 'linear', 'tail'],
  }),
};

const valueInfo = (name, { dtype, shape }) => ({ name, type: dtype, dims: shape.map((_, k) => `${name}_${k}`) });

/** The bytes of a naive graph of a case, or undefined where nobody has written one. */
export function naiveGraph({ loss, inputs, dtype }) {
  const given = Object.entries(inputs).map(([name, tensor]) => valueInfo(name, tensor));
  let nodes;
  let constants = {};
  if (loss.id === 'crossEntropy') {
    nodes = [{ op: 'SoftmaxCrossEntropyLoss', inputs: ['input', 'target'], outputs: ['value'], attributes: {} }];
  } else {
    if (graphs[loss.id] === undefined) return undefined;
    const { constants: numbers = {}, ...steps } = graphs[loss.id](loss.options);
    constants = numbers;
    nodes = Object.entries(steps).map(([output, [op, ...from]]) => ({
      op,
      inputs: from,
      outputs: [output],
      attributes: {},
    }));
    nodes.push({ op: 'ReduceMean', inputs: ['y'], outputs: ['value'], attributes: { keepdims: 0 } });
  }
  return encodeModel({
    irVersion: 8,
    opset: 18,
    producer: 'isoloss bench',
    producerVersion: '0',
    documentation: '',
    metadata: {},
    graph: {
      name: 'naive',
      nodes,
      initializers: Object.entries(constants).map(([name, value]) => ({
        name,
        type: dtype,
        dims: [],
        raw: rawData(dtype, [value]),
      })),
      inputs: given,
      outputs: [{ name: 'value', type: dtype, dims: [] }],
    },
  });
}
