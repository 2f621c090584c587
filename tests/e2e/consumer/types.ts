// What users write in TypeScript, over every package; it is type-checked, not run.
import { type ConformanceResult, loadVectors, runConformance, testBackend } from '@isoloss/conformance';
import {
  type Backend,
  combine,
  createRunner,
  crossEntropy,
  defineLoss,
  dice,
  evaluate,
  huber,
  inputs,
  type Loss,
  LossInputError,
  referenceBackend,
  sigmoidFocal,
} from '@isoloss/core';
import { onnxBackend, ortLoss, toOnnx } from '@isoloss/onnx';
import { compileLoss, tfjsBackend, tfLoss } from '@isoloss/tfjs';
import { wasmBackend, wasmEngine, wasmLoss } from '@isoloss/wasm';
import * as tf from '@tensorflow/tfjs-core';
import { chooseBackend, createBackend, type DoctorReport, doctor, main } from 'isoloss';
import * as ort from 'onnxruntime-node';

const smoothed: Loss = crossEntropy({ labelSmoothing: 0.1, reduction: 'sum' });
const both: Loss = combine({ region: [0.5, dice({ activation: 'sigmoid' })], pixels: [0.5, sigmoidFocal()] });
// @ts-expect-error an option that does not exist
huber({ detla: 1 });
// @ts-expect-error an option of another type
huber({ delta: 'one' });

const { float, mask } = inputs;
const own = defineLoss({
  id: 'mine:squared',
  inputs: { input: float('...'), target: float('...'), mask: mask('...') },
  formula: ({ input, target }) => input.sub(target).square(),
});

export async function run(): Promise<number> {
  const backends: readonly Backend[] = [referenceBackend(), wasmBackend(), onnxBackend(), tfjsBackend('tfjs-cpu')];
  for (const backend of backends) {
    const runner = createRunner(backend);
    const { value, gradients } = await runner.run(
      own(),
      { input: [1, 2], target: [0, 0], mask: [true, false] },
      { dtype: 'float32', gradients: ['input'] },
    );
    const numbers: ArrayLike<number> = value.data;
    const slopes: ArrayLike<number> | undefined = gradients.input?.data;
    if (numbers.length + (slopes?.length ?? 0) === 0) throw new LossInputError('BAD_REQUEST', 'nothing');
  }
  const engine = wasmEngine();
  wasmLoss(smoothed, { gradients: ['input'], engine }).run({ input: [[1, 2]], target: [0] });
  const logits: tf.Tensor = tf.tensor2d([[1, 2]]);
  const gradient = tf.grad((x) => tfLoss(tf, huber())(x, tf.tensor2d([[0, 0]])));
  gradient(logits).print();
  compileLoss(tf, crossEntropy())(tf.tensor2d([[0, 1]]), logits).print();
  const model: Uint8Array = toOnnx(both, { inputs: { input: 4, target: 4 }, gradients: ['input'] });
  const native = ortLoss(ort, huber(), { gradients: ['input'] });
  const one = new ort.Tensor('float32', new Float32Array([1]), [1]);
  const onRuntime: ort.Tensor = (await native({ input: one, target: one })).value;
  await native.release();
  const result: ConformanceResult = await runConformance({ backends, vectors: await loadVectors(['huber']) });
  const { ok }: DoctorReport = await doctor({ backends: ['wasm'] });
  const chosen = await createBackend('auto', { strict: true });
  const fallback: boolean = chosen.selection.fallback;
  const numbers = [
    evaluate(huber(), { input: [1], target: [0] }).value.data.length,
    model.length,
    onRuntime.data.length,
  ];
  return fallback || !ok ? result.totals.passed : numbers.reduce((sum, x) => sum + x);
}

export { chooseBackend, main, testBackend };
