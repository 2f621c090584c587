export {
  type Backend,
  type BackendDescription,
  type BackendRecipe,
  type CompiledLoss,
  type CompileRequest,
  createRunner,
  defineBackend,
  type Executable,
  type FloatDType,
  type LossResult,
} from './backend.ts';
export {
  type AnyLossFactory,
  type CatalogueEntry,
  type CatalogueInput,
  catalogue,
  describeLoss,
  findLoss,
  lossesIn,
  lossFromJSON,
  registerLosses,
} from './catalogue.ts';
export { type ErrorCode, errorCodes, LossInputError, TraceError, UnsupportedError } from './errors.ts';
export { check } from './graph/check.ts';
export { addDims, type Dim, mulDims, productOfDims, type Sizes, shapeOf, sizeOfDim, termsOfDim } from './graph/dim.ts';
export { type Interpreter, interpreter } from './graph/evaluate.ts';
export { expand } from './graph/expand.ts';
export {
  type AttributeArguments,
  type Axes,
  clampedLog,
  clampedLog1m,
  complement,
  complementPower,
  concat,
  constant,
  Expr,
  fraction,
  halfDeviance,
  iota,
  logAddExp,
  logisticLoss,
  make,
  mixturePower,
  type Operand,
  size,
  softmaxDivergence,
  stack,
  where,
  zeros,
} from './graph/expr.ts';
export { backpropagate, gradient } from './graph/gradient.ts';
export { isOp, rebuild, topological } from './graph/graph.ts';
export { hoist } from './graph/hoist.ts';
export {
  broadcast as broadcastArray,
  eachLine,
  lines,
  type NDArray,
  sizeOf,
  stridesTo,
  walk,
} from './graph/ndarray.ts';
export { print } from './graph/print.ts';
export { simplify } from './graph/simplify.ts';
export { renameDim } from './graph/substitute.ts';
export { type DType, formatType, type TensorType } from './graph/type.ts';
export { type CheckedInputs, checkInputs, checkValues, type LossInputs } from './loss/check.ts';
export { combine, hardest, type Part, penalties } from './loss/compose.ts';
export {
  checkPrecondition,
  defineLoss,
  type FormulaInputs,
  type GivenInputs,
  type InputSpecs,
  type Loss,
  type LossAbout,
  type LossDefinition,
  type LossFactory,
  type LossRecipe,
  type LossTerms,
  makeLoss,
  type OptionArguments,
  type OptionSchemas,
  type OptionValues,
  type Reduction,
} from './loss/define.ts';
/** What a loss may take: the kinds of {@link defineLoss}’s `inputs`. */
export * as inputs from './loss/inputs.ts';
export { type InputSpec, isDifferentiable } from './loss/inputs.ts';
/** Options that several losses have, for {@link defineLoss}. */
export * as options from './loss/options.ts';
export { describeOption, type OptionDescription } from './loss/options.ts';
export {
  bindSizes,
  classAxisOf,
  describeInput,
  type InputSignature,
  type ResolvedInput,
  resolveInputs,
  type Signature,
  signatureKey,
  signatureOf,
} from './loss/shapes.ts';
export { lowered, outputsOf, type Program, type TraceRequest, trace } from './loss/trace.ts';
export { signatureFor } from './loss/usual.ts';
export * from './losses/index.ts';
export type {
  Attributes,
  Evaluation,
  NoAttributes,
  Op,
  Primitive,
  PrimitiveAttributes,
  ReductionAttributes,
  Rule,
  ScanBody,
  Stable,
  StableAttributes,
  StableRule,
} from './ops/attributes.ts';
export { isPrimitive, primitives } from './ops/index.ts';
export { type ScanArguments, type ScanStep, scan, scanOutputs, split as splitScan } from './ops/scan.ts';
export { stableRules } from './ops/stable.ts';
export { evaluate, referenceBackend } from './reference.ts';
export { BroadFaceQueue, type BroadFaceQueueState } from './state/broad-face-queue.ts';
export { CrdMemory, type CrdMemoryOptions, type CrdMemoryState } from './state/crd-memory.ts';
export { PartialMean, type PartialMeanState, type PartialSums } from './state/partial-mean.ts';
export {
  isTensorDType,
  type NestedArray,
  type Tensor,
  type TensorDType,
  type TensorLike,
  toNested,
  toTensor,
  typedArray,
} from './tensor.ts';
export {
  type NumberJSON,
  numberFromJSON,
  numberToJSON,
  type TensorJSON,
  tensorFromJSON,
  tensorToJSON,
} from './tensor-json.ts';
export { version } from './version.ts';
